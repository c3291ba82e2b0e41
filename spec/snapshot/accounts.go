package snapshot

// accountFiles are told as users, groups and passwords; as files they have a mode
// and an owner, and no content.
var accountFiles = []string{"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid"}
