package target

import (
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
)

// OwnShell reports whether a process with these arguments is a shell that a Target
// has started to ask with, or is about to become one. Such a process runs on the target,
// and has nothing to do with what the target is for.
func OwnShell(args []string) bool {
	// sudo and its like have the shell among their arguments, and a login shell has it
	// in quotes.
	return slices.ContainsFunc(args, func(a string) bool {
		return strings.Contains(strings.ReplaceAll(a, `\`, ""), environment) || backends.IsGuard(a)
	})
}

// shaping are variables that change what the tools print that questions use, by whose
// manual they are sorted. An account or an image may export them for its people. What
// says where something is, such as PATH, DOCKER_HOST or PYTHONPATH, is left alone, and so
// is the environment of authors' commands.
const shaping = "" +
	// coreutils
	"QUOTING_STYLE TIME_STYLE TABSIZE COLUMNS LINES LS_COLORS LS_BLOCK_SIZE DF_BLOCK_SIZE DU_BLOCK_SIZE BLOCK_SIZE BLOCKSIZE " +
	"POSIXLY_CORRECT _POSIX2_VERSION POSIX_ME_HARDER POSIX_ME_HARDEST " +
	// shells
	"CDPATH GLOBIGNORE BASH_COMPAT BASH_ENV ENV FIGNORE EXECIGNORE FCEDIT PS4 BASH_XTRACEFD " +
	// grep, tar, gzip, awk, less and other pagers
	"GREP_OPTIONS GREP_COLOR GREP_COLORS TAR_OPTIONS GZIP XZ_OPT XZ_DEFAULTS ZSTD_CLEVEL GAWK_READ_TIMEOUT GAWK_LOCALE_DIR AWKLIBPATH " +
	"PAGER MANPAGER LESS LESSOPEN LESSCLOSE MORE " +
	// procps, util-linux, e2fsprogs, iproute2
	"PS_FORMAT PS_PERSONALITY PS_COLORS CMD_ENV UNIX95 UNIX I_WANT_A_BROKEN_PS LIBPROC_HIDE_KERNEL PROCPS_USERLEN PROCPS_FROMLEN " +
	"LIBMOUNT_DEBUG LIBBLKID_DEBUG LIBSMARTCOLS_DEBUG LIBSMARTCOLS_DEBUG_PADDING LSBLK_DEBUG TERMINAL_COLORS_DEBUG E2FSPROGS_FAKE_TIME COLORFGBG " +
	// dpkg, apt, rpm
	"DPKG_COLORS DPKG_PAGER DPKG_PAGERLESS DPKG_DEBUG DPKG_NLS DPKG_HOOK_ACTION DPKG_MAINTSCRIPT_DEBUG APT_LISTCHANGES_FRONTEND " +
	"RPM_LOGLEVEL RPM_DEBUG " +
	// systemd
	"SYSTEMD_COLORS SYSTEMD_URLIFY SYSTEMD_EMOJI SYSTEMD_UTF8 SYSTEMD_PAGER SYSTEMD_PAGERSECURE SYSTEMD_LESS SYSTEMD_LESSCHARSET " +
	"SYSTEMD_LOG_LEVEL SYSTEMD_LOG_TARGET SYSTEMD_LOG_COLOR SYSTEMD_LOG_LOCATION SYSTEMD_LOG_TIME SYSTEMD_LOG_TID SYSTEMD_ADJUST_TERMINAL_TITLE " +
	"SYSTEMD_OFFLINE SYSTEMD_IGNORE_CHROOT SYSTEMD_IN_CHROOT SYSTEMCTL_FORCE_BUS SYSTEMCTL_INSTALL_CLIENT_SIDE SYSTEMCTL_SKIP_SYSV " +
	// languages and their package managers
	"CLICOLOR CLICOLOR_FORCE FORCE_COLOR NO_COLOR PYTHONVERBOSE PYTHONINSPECT PYTHONDEBUG PYTHONWARNINGS PYTHONDEVMODE PYTHONPROFILEIMPORTTIME PYTHONSTARTUP " +
	"PIP_FORMAT PIP_VERBOSE PIP_QUIET PIP_LOG PIP_OUTDATED PIP_UPTODATE PIP_EXCLUDE PIP_NOT_REQUIRED PIP_LOCAL PIP_USER PIP_EDITABLE PIP_REQUIRE_VIRTUALENV PIP_REQUIRE_VENV " +
	"npm_config_json npm_config_long npm_config_parseable npm_config_depth npm_config_loglevel npm_config_color npm_config_unicode npm_config_global " +
	"NPM_CONFIG_JSON NPM_CONFIG_LONG NPM_CONFIG_PARSEABLE NPM_CONFIG_DEPTH NPM_CONFIG_LOGLEVEL NPM_CONFIG_COLOR NPM_CONFIG_UNICODE NPM_CONFIG_GLOBAL " +
	"RUBYOPT GEM_SKIP PERL_UNICODE PERLIO PERL5OPT PERL5DB NODE_DEBUG NODE_V8_COVERAGE " +
	// the C library
	"LD_DEBUG LD_DEBUG_OUTPUT LD_TRACE_LOADED_OBJECTS LD_VERBOSE LD_WARN LD_SHOW_AUXV MALLOC_TRACE RES_OPTIONS GETOPT_COMPATIBLE"

// forProbes is what a shell does first that is asked questions. The shell itself may have
// been told by SHELLOPTS to do without the patterns of file names, or to end at the first
// command that fails.
const forProbes = "set +aefuvx; unset " + shaping + "; "
