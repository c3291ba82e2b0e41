// A service of the name service (nsswitch.conf(5)) such as directories bring along:
// it answers in its own spelling, has names with a backslash and of digits, lists
// nothing, and fails about one name.
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <string.h>
#include <strings.h>

struct account { const char *name; unsigned id; const char *member; };

static const struct account people[] = {
	{ "administrator", 5000, "" }, { "CORP\\nagios", 5001, "" }, { "500200", 5002, "" }, { "5003", 5003, "" }, { "shared", 5004, "" },
	{ "500400", 5004, "" },
};
static const struct account teams[] = {
	{ "domain admins", 6000, "administrator" }, { "CORP\\team", 6001, "CORP\\nagios" }, { "6003", 6003, "" },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const struct account *find(const struct account *a, size_t n, const char *name, unsigned id)
{
	for (size_t i = 0; i < n; i++)
		if (name ? strcasecmp(a[i].name, name) == 0 : a[i].id == id)
			return &a[i];
	return NULL;
}

static enum nss_status user(const struct account *a, struct passwd *p)
{
	if (a == NULL)
		return NSS_STATUS_NOTFOUND;
	*p = (struct passwd){ (char *)a->name, "x", a->id, 100, "a \\n b", "/home/probe", "/bin/sh" };
	return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_probe_getpwnam_r(const char *name, struct passwd *p, char *buf, size_t len, int *err)
{
	if (strcmp(name, "broken") == 0) {
		*err = EIO;
		return NSS_STATUS_UNAVAIL;
	}
	return user(find(people, COUNT(people), name, 0), p);
}

enum nss_status _nss_probe_getpwuid_r(uid_t id, struct passwd *p, char *buf, size_t len, int *err)
{
	return user(find(people, COUNT(people), NULL, id), p);
}

enum nss_status _nss_probe_getspnam_r(const char *name, struct spwd *s, char *buf, size_t len, int *err)
{
	const struct account *a = find(people, COUNT(people), name, 0);
	if (a == NULL)
		return NSS_STATUS_NOTFOUND;
	*s = (struct spwd){ (char *)a->name, "!$probe$hash", 19000, 1, 90, 7, -1, -1, ~0ul };
	return NSS_STATUS_SUCCESS;
}

static enum nss_status team(const struct account *a, struct group *g, char *buf, size_t len, int *err)
{
	if (a == NULL)
		return NSS_STATUS_NOTFOUND;
	if (len < 2 * sizeof(char *)) {
		*err = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	}
	char **members = (char **)(((size_t)buf + 7) & ~(size_t)7);
	members[0] = *a->member ? (char *)a->member : NULL;
	members[1] = NULL;
	*g = (struct group){ (char *)a->name, "x", a->id, members };
	return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_probe_getgrnam_r(const char *name, struct group *g, char *buf, size_t len, int *err)
{
	return team(find(teams, COUNT(teams), name, 0), g, buf, len, err);
}

enum nss_status _nss_probe_getgrgid_r(gid_t id, struct group *g, char *buf, size_t len, int *err)
{
	return team(find(teams, COUNT(teams), NULL, id), g, buf, len, err);
}

enum nss_status _nss_probe_initgroups_dyn(const char *name, gid_t skip, long *start, long *size, gid_t **groups, long limit, int *err)
{
	for (size_t i = 0; i < COUNT(teams); i++)
		if (*teams[i].member && strcasecmp(teams[i].member, name) == 0 && *start < *size)
			(*groups)[(*start)++] = teams[i].id;
	return NSS_STATUS_SUCCESS;
}
