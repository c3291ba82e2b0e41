package resource

import (
	"testing"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/target"
)

// FuzzAccounts reads what tools may print about two users, a group and a password.
func FuzzAccounts(f *testing.F) {
	f.Add([]byte("all\nroot:x:0:0:root:/root:/bin/sh\ndaemon:*:1:1::/:\n"), uint8(0))
	f.Add([]byte("all\nroot:x:0:0:root:/root:/bin/sh\n"), uint8(0))
	f.Add([]byte("all\nroot:x:0:0:root:/root:/bin/sh\neach\nroot:x:0:0:root:/root:/bin/sh\nexit 0\nexit 2\n"), uint8(0))
	f.Add([]byte("each\nroot:x:0:0:root:/root:/bin/sh\nexit 0\nexit 2\n"), uint8(0))
	f.Add([]byte("1:x:7:0::/:\neach\nexit 2\nx:x:1:\nexit 0\n"), uint8(0))
	f.Add([]byte("files\nroot:x:0:0:root:/root:/bin/sh\n"), uint8(0))
	f.Add([]byte("readable\neach\nroot:!$6$x:1:2:3::::\nexit 0\nexit 1\n"), uint8(0))
	f.Add([]byte("0 0 4\nroot adm\n:\n1 \n:\n"), uint8(1))
	f.Fuzz(func(t *testing.T, stdout []byte, code uint8) {
		for _, names := range [][]string{{"root", "nobody"}, {"1", "0"}} {
			q := target.Question{Names: names}
			o := target.Output{Stdout: stdout, Status: backends.Status{Code: int(code)}}
			if got, err := users.Parse(target.System{}, q, o); err == nil {
				for name, a := range got {
					if a.Err == nil && a.Fact.exists && a.Fact.UID < 0 {
						t.Errorf("%s is %+v", name, a.Fact)
					}
				}
			}
			_, _ = groups.Parse(target.System{}, q, o)
			_, _ = shadows.Parse(target.System{}, q, o)
			if got, err := userGroups.Parse(target.System{}, q, o); err == nil && len(got) != len(names) {
				t.Errorf("asked about %d users, told about %d", len(names), len(got))
			}
			_, _ = accountNames.Parse(target.System{}, target.Question{Names: []string{"passwd 0", "passwd 1"}}, o)
		}
	})
}
