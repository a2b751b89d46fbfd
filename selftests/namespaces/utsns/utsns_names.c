// SPDX-License-Identifier: GPL-2.0
/*
 * The two names that can be set, by sethostname(2) and setdomainname(2): what
 * may be in them, how long they may be, and where they show.
 *
 * Promises from uts_namespaces(7), sethostname(2), setdomainname(2), uname(2).
 */
#include "uts_fixture.h"
#include <sys/mman.h>

FIXTURE(name)
{
	const char *before;
};

/* Both calls promise the same of their name. */
FIXTURE_VARIANT(name)
{
	int (*set)(const char *name, long len);
	bool (*is)(const char *name);
	size_t offset;	/* of the name in a struct utsname */
};

FIXTURE_VARIANT_ADD(name, host)
{
	.set = set_host,
	.is = host_is,
	.offset = offsetof(struct utsname, nodename),
};

FIXTURE_VARIANT_ADD(name, domain)
{
	.set = set_domain,
	.is = domain_is,
	.offset = offsetof(struct utsname, domainname),
};

FIXTURE_SETUP(name)
{
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	self->before = "before";
	ASSERT_EQ(0, variant->set(self->before, 6));
	ASSERT_TRUE(variant->is(self->before));
}

FIXTURE_TEARDOWN(name)
{
}

TEST_F(name, sixty_four_bytes_are_a_name)
{
	char name[NAME_MAX_LEN + 1];

	memset(name, 'n', NAME_MAX_LEN);
	name[NAME_MAX_LEN] = '\0';
	EXPECT_EQ(0, variant->set(name, NAME_MAX_LEN));
	EXPECT_TRUE(variant->is(name));
	name[NAME_MAX_LEN - 1] = '\0';
	EXPECT_EQ(0, variant->set(name, NAME_MAX_LEN - 1));
	EXPECT_TRUE(variant->is(name));
}

TEST_F(name, sixty_five_bytes_are_too_many)
{
	char name[NAME_MAX_LEN + 1];

	memset(name, 'n', sizeof(name));
	EXPECT_EQ(-EINVAL, variant->set(name, NAME_MAX_LEN + 1));
	EXPECT_EQ(-EINVAL, variant->set(name, INT32_MAX));
	EXPECT_TRUE(variant->is(self->before));
}

TEST_F(name, a_negative_length_is_refused)
{
	EXPECT_EQ(-EINVAL, variant->set("name", -1));
	EXPECT_EQ(-EINVAL, variant->set("name", INT32_MIN));
	EXPECT_TRUE(variant->is(self->before));
}

TEST_F(name, no_byte_is_a_name_too)
{
	EXPECT_EQ(0, variant->set("ignored", 0));
	EXPECT_TRUE(variant->is(""));
	EXPECT_EQ(0, variant->set(NULL, 0));
	EXPECT_TRUE(variant->is(""));
}

TEST_F(name, the_length_counts_and_not_a_null_byte)
{
	EXPECT_EQ(0, variant->set("longer than it", 6));
	EXPECT_TRUE(variant->is("longer"));
	EXPECT_EQ(0, variant->set("cut\0here", 8));
	EXPECT_TRUE(variant->is("cut"));
}

/* uname(2) copies the whole field: what was there before must not show in it. */
TEST_F(name, nothing_stays_of_a_longer_name)
{
	char name[NAME_MAX_LEN], zero[NAME_MAX_LEN] = "";
	struct utsname u;

	memset(name, 's', sizeof(name));
	ASSERT_EQ(0, variant->set(name, sizeof(name)));
	ASSERT_EQ(0, variant->set("x", 1));
	memset(&u, 0xff, sizeof(u));
	ASSERT_EQ(0, uname(&u));
	EXPECT_EQ('x', ((char *)&u)[variant->offset]);
	EXPECT_EQ(0, memcmp((char *)&u + variant->offset + 1, zero,
			    sizeof(zero)));
}

TEST_F(name, any_byte_may_be_in_it)
{
	const char *name = "\x01 \xc3\xa4%n/../\x7f\xff";

	EXPECT_EQ(0, variant->set(name, strlen(name)));
	EXPECT_TRUE(variant->is(name));
}

TEST_F(name, a_bad_address_changes_nothing)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	memset(page, 'n', 4096);
	ASSERT_EQ(0, munmap(page + 4096, 4096));
	EXPECT_EQ(-EFAULT, variant->set(NULL, 4));
	/* The beginning can be read, the end cannot. */
	EXPECT_EQ(-EFAULT, variant->set(page + 4096 - 8, 16));
	EXPECT_TRUE(variant->is(self->before));
	EXPECT_EQ(0, variant->set(page + 4096 - 8, 8));
	EXPECT_TRUE(variant->is("nnnnnnnn"));
}

TEST_F(uts, each_call_sets_its_own_name)
{
	EXPECT_TRUE(host_is("outer"));
	EXPECT_TRUE(domain_is("outer.example"));
	ASSERT_EQ(0, host("h"));
	EXPECT_TRUE(domain_is("outer.example"));
	ASSERT_EQ(0, domain("d"));
	EXPECT_TRUE(host_is("h"));
}

TEST_F(uts, the_other_fields_stay)
{
	struct utsname before, after;

	ASSERT_EQ(0, uname(&before));
	ASSERT_EQ(0, host("host"));
	ASSERT_EQ(0, domain("domain"));
	ASSERT_EQ(0, uname(&after));
	EXPECT_STREQ(before.sysname, after.sysname);
	EXPECT_STREQ(before.release, after.release);
	EXPECT_STREQ(before.version, after.version);
	EXPECT_STREQ(before.machine, after.machine);
}

TEST_F(uts, uname_refuses_a_bad_address)
{
	EXPECT_EQ(-1, syscall(SYS_uname, NULL));
	EXPECT_EQ(EFAULT, errno);
}

TEST_HARNESS_MAIN
