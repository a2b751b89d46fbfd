/* SPDX-License-Identifier: GPL-2.0 */
/* A test in a namespace of its own, with names that nobody else has. */
#ifndef BULKHEAD_UTS_FIXTURE_H
#define BULKHEAD_UTS_FIXTURE_H

#include "uts.h"

FIXTURE(uts)
{
	int ns;
};

FIXTURE_SETUP(uts)
{
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	ASSERT_EQ(0, host("outer"));
	ASSERT_EQ(0, domain("outer.example"));
	self->ns = ns_open(0, "uts");
	ASSERT_GE(self->ns, 0);
}

FIXTURE_TEARDOWN(uts)
{
	close(self->ns);
}

#endif /* BULKHEAD_UTS_FIXTURE_H */
