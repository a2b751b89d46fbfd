# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Debian's package of the base, fetched without root and without touching the
# machine's apt: all state stands under build/apt. What the machine says about
# proxies, keys and mirrors is honoured, because its configuration is read too.

APT_DIR=$BUILD/apt

# apt_conf: the private configuration. Given with -c, so that it is read after
# the machine's own and wins where both say something.
apt_conf() {
	mkdir -p "$APT_DIR"/{lists/partial,cache/archives/partial,state,sources,deb}
	cat >"$APT_DIR/apt.conf" <<-END
		Dir::State "$APT_DIR/state";
		Dir::State::lists "$APT_DIR/lists";
		Dir::State::status "/var/lib/dpkg/status";
		Dir::Cache "$APT_DIR/cache";
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$APT_DIR/sources";
		// Dropping privileges to _apt would lose the right to write here.
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		Acquire::Retries "2";
		Acquire::http::Timeout "30";
		Acquire::https::Timeout "30";
		// An administrator's hooks are for the machine's own state.
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	END
	# The machine's lists with our own caches: for its configured suites.
	sed -e '/Dir::State/d' -e '/Dir::Etc/d' "$APT_DIR/apt.conf" >"$APT_DIR/machine.conf"
}

# apt_sources: the machine's source entries, one a line, tab separated:
# URIs, suites, options of the entry that say whom to trust. Both formats.
apt_sources() {
	local list parts f
	eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
	for f in "$list" "${parts%/}"/*.list; do
		[ -f "$f" ] || continue
		awk '
			/^deb[ \t]/ {
				by = ""
				if (match($0, /\[[^]]*\]/)) {
					n = split(substr($0, RSTART + 1, RLENGTH - 2), opt, /[ \t]+/)
					for (i = 1; i <= n; i++)
						if (sub(/^signed-by=/, "", opt[i]))
							by = opt[i]
					sub(/\[[^]]*\]/, "")
				}
				gsub(/,/, " ", by)
				print $2 "\t" $3 "\t" by
			}
		' "$f"
	done
	for f in "${parts%/}"/*.sources; do
		[ -f "$f" ] || continue
		# A key may stand in the file itself, over several lines: they are
		# carried as \n.
		awk '
			function flush()
			{
				if (types ~ /(^| )deb( |$)/ && enabled != "no" && uris != "")
					print uris "\t" suites "\t" by
				types = uris = suites = by = enabled = field = ""
			}
			/^#/		{ next }
			/^[ \t]*$/	{ flush(); next }
			/^[ \t]/ {
				if (field == "signed-by")
					by = by "\\n" $0
				else if (field == "uris")
					uris = uris " " $0
				else if (field == "suites")
					suites = suites " " $0
				next
			}
			{
				i = index($0, ":")
				field = tolower(substr($0, 1, i - 1))
				value = substr($0, i + 1)
				gsub(/^[ \t]+|[ \t]+$/, "", value)
				if (field == "types") types = value
				else if (field == "uris") uris = value
				else if (field == "suites") suites = value
				else if (field == "signed-by") by = value
				else if (field == "enabled") enabled = tolower(value)
			}
			END { flush() }
		' "$f"
	done
}

# apt_mirrors: those entries that are Debian's own archive (a release by name;
# neither its security nor anybody else's), as URI and signed-by.
apt_mirrors() {
	apt_sources | awk -F '\t' '
		{
			debian = 0
			n = split($2, suite, " ")
			for (i = 1; i <= n; i++)
				if (suite[i] ~ /^(oldoldstable|oldstable|stable|testing|unstable|sid|buster|bullseye|bookworm|trixie|forky|duke)(-updates|-backports|-proposed-updates)?$/)
					debian = 1
			m = split($1, uri, " ")
			for (i = 1; debian && i <= m; i++)
				if (!seen[uri[i] "\t" $3]++)
					print uri[i] "\t" $3
		}
	'
}

# apt_candidate CONF PACKAGE: the version that apt would take, if any.
apt_candidate() {
	apt-cache -c "$1" policy "$2" 2>/dev/null |
		awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# apt_fetch CONF PACKAGE: download it; the .deb's path on stdout. apt itself
# checks the signature of the lists and the checksum of the package.
apt_fetch() {
	local conf=$1 package=$2 size
	size=$(apt-cache -c "$conf" show --no-all-versions "$package" 2>/dev/null |
		awk '$1 == "Size:" { printf "%d MB", $2 / 1e6; exit }')
	progress FETCH "$package $(apt_candidate "$conf" "$package") ($size)"
	rm -f "$APT_DIR"/deb/*.deb
	(cd "$APT_DIR/deb" && apt-get -c "$conf" -qq download "$package") \
		>"$APT_DIR/log" 2>&1 </dev/null || return 1
	compgen -G "$APT_DIR/deb/*.deb"
}

# apt_reason: the last thing that apt complained about, on one line.
apt_reason() {
	local line
	line=$(grep -E '^(E|W|Err):' "$APT_DIR/log" 2>/dev/null | tail -n 1)
	printf '%s\n' "${line:-apt gave no reason; see $APT_DIR/log}"
}

# apt_update_from URI SIGNED-BY SUITE: fetch the lists of one suite of one
# mirror. Whatever the entry on the machine said about trust, an unsigned
# suite is refused: no trusted=yes is carried over.
apt_update_from() {
	local uri=$1 by=$2 suite=$3
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	if [ -z "$by" ] && [ -f "$keyring" ]; then
		by=$keyring
	fi
	{
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$suite"
		[ -z "$by" ] || printf 'Signed-By: %b\n' "$by"
	} >"$APT_DIR/sources/base.sources"
	progress UPDATE "the package list of $suite"
	apt-get -c "$APT_DIR/apt.conf" -q -o APT::Update::Error-Mode=any update \
		>"$APT_DIR/log" 2>&1 </dev/null
}
