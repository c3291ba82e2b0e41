package fact

import (
	"slices"
	"strings"
	"testing"
)

func TestProcessNamed(t *testing.T) {
	for _, c := range []struct {
		title            string
		comm, exe        string // exe is empty where it may not be read
		args             []string
		yes, no, perhaps string // names, separated by commas
	}{
		{"script", "fail2ban-server", "/usr/bin/python3.11", []string{"/usr/bin/python3", "/usr/bin/fail2ban-server", "-xf", "start"},
			"python3.11,python3,fail2ban-server", "python,fail2ban,start,python3.1,fail2ban-server ", ""},
		{"script of a program that may not be looked at", "supervisord", "", []string{"/usr/bin/python3", "/usr/bin/supervisord", "-n"},
			"python3,supervisord", "perl,supervisor,sh", "python3.11,python"},
		{"long script", "unattended-upgr", "/usr/bin/python3.11", []string{"/usr/bin/python3", "-u", "/usr/share/unattended-upgrades/unattended-upgrade-shutdown", "--wait-for-signal"},
			"unattended-upgrade-shutdown,python3", "unattended-upgr,unattended-upgrade,--wait-for-signal", ""},
		{"long script of an unknown interpreter", "my-very-long-script-name.x"[:15], "/opt/zig", []string{"/opt/zig", "a", "./my-very-long-script-name.x"},
			"zig,my-very-long-script-name.x", "my-very-long-sc,a", ""},
		{"module", "python3", "/usr/bin/python3.11", []string{"python3", "-Wd", "-um", "http.server", "8000"}, "http.server,python3", "8000,server", ""},
		{"code", "python3", "/usr/bin/python3.11", []string{"python3", "-c", "import x", "arg"}, "python3", "arg,import x", ""},
		{"options with values", "python3", "/usr/bin/python3.11", []string{"python3", "-X", "dev", "-W", "error", "--", "/opt/a.py"}, "a.py", "dev,error", ""},
		{"perl", "x", "/usr/bin/perl", []string{"/usr/bin/perl", "-w", "-I", "/lib/a", "-Mstrict::xe", "/usr/sbin/munin-node"}, "munin-node,perl", "a,strict", ""},
		{"perl's module", "perl", "/usr/bin/perl", []string{"perl", "-Mexample", "/opt/web.pl"}, "web.pl,perl", "example,-Mexample", ""},
		{"perl's code", "perl", "/usr/bin/perl5.36.0", []string{"perl", "-wne", "print", "/etc/passwd"}, "perl,perl5.36.0", "passwd,print", ""},
		{"ruby", "ruby", "/usr/bin/ruby3.1", []string{"ruby", "-rbundler", "-I", "lib", "bin/puma", "-C", "x"}, "puma,ruby,ruby3.1", "lib,x", ""},
		{"node", "node", "/usr/bin/node", []string{"node", "--inspect", "--require", "dotenv", "--max-old-space-size=99", "/srv/server.js", "start"}, "server.js,node", "dotenv,start", ""},
		{"jar", "java", "/usr/lib/jvm/bin/java", []string{"java", "-Dx=y", "-jar", "-Xmx1g", "/opt/app.jar", "run"}, "app.jar,java", "run,app,jar", ""},
		{"class", "java", "/usr/lib/jvm/bin/java", []string{"/usr/bin/java", "-cp", "/opt/a.jar:/opt/b.jar", "@args", "org.apache.catalina.startup.Bootstrap", "start"},
			"Bootstrap,org.apache.catalina.startup.Bootstrap", "start,b.jar,org", ""},
		{"first class", "java", "/usr/lib/jvm/bin/java", []string{"java", "org.x.Agent"}, "Agent,org.x.Agent", "x", ""},
		{"last class", "java", "/usr/lib/jvm/bin/java", []string{"java", "org.x.Zoo"}, "Zoo,org.x.Zoo", "x", ""},
		{"attached module", "python3", "/usr/bin/python3.11", []string{"python3", "-mhttp.server", "80"}, "http.server,python3", "80", ""},
		{"module and class", "java", "/usr/lib/jvm/bin/java", []string{"java", "-m", "a.b/c.Main", "x"}, "Main,c.Main", "x,a.b", ""},
		{"shell's script", "worker.sh", "/usr/bin/dash", []string{"/bin/sh", "-e", "/opt/worker.sh", "-c"}, "worker.sh,sh,dash", "-c,bash", ""},
		{"shell's options", "bash", "/usr/bin/bash", []string{"bash", "-eo", "pipefail", "+O", "extglob", "/opt/worker.sh"}, "worker.sh,bash", "pipefail,extglob", ""},
		{"shell's code", "sh", "/usr/bin/dash", []string{"sh", "-ec", "sleep 1; :", "name"}, "sh,dash", "sleep,name", ""},
		{"shell of another", "sh", "", []string{"sh", "-c", "sleep 1"}, "sh", "sleep,zsh-static,python", "dash,bash,ash"},
		{"login shell", "bash", "/usr/bin/bash", []string{"-bash"}, "bash,-bash", "sh", ""},
		{"applet", "httpd", "/bin/busybox", []string{"httpd", "-f"}, "httpd", "busybox,-f", ""},
		{"applet by name", "busybox", "/bin/busybox", []string{"busybox", "httpd", "-f"}, "httpd,busybox", "-f", ""},
		{"applet's script", "x", "/bin/busybox", []string{"/bin/sh", "/etc/init.d/rcS"}, "sh,rcS", "busybox", ""},
		{"applet's script by name", "busybox", "/bin/busybox.static", []string{"busybox", "sh", "/etc/init.d/rcS"}, "sh,rcS", "busybox.static", ""},
		{"coreutils", "sleep", "/usr/bin/coreutils", []string{"/usr/bin/coreutils", "--coreutils-prog=sleep", "5"}, "sleep", "5", ""},
		{"toybox", "sleep", "/system/bin/toybox", []string{"sleep", "5"}, "sleep", "toybox,5", ""},
		{"title", "php-fpm8.2", "", []string{"php-fpm: pool www", "", "", ""}, "php-fpm,php-fpm8.2", "php,pool,www,php-fpm: pool www", ""},
		{"title and a long name", "my-very-long-da", "", []string{"worker 3 of 5"}, "worker 3 of 5", "my-very-long,my-very-long-d-no", "my-very-long-daemon,my-very-long-da"},
		{"title and a program", "x", "/opt/my-very-long-daemon (deleted)", []string{"worker 3 of 5"}, "my-very-long-daemon,x", "worker,5", ""},
		{"title of an interpreter", "gunicorn: maste", "/usr/bin/python3.11", []string{"gunicorn: master [app]"}, "gunicorn,python3.11", "app,gunicorn: maste,guni", "python3,python"},
		{"title without a colon", "spamd child", "/usr/bin/perl", []string{"spamd child"}, "perl,spamd child", "spam,chil", "spamd,child"},
		{"title of paths", "x", "/usr/bin/perl", []string{"/usr/bin/perl -T -w /usr/sbin/spamd -d"}, "perl", "spam", "spamd"},
		{"title with a colon in a path", "java", "", []string{"/opt/a: b/java", "-jar", "x.jar"}, "java", "/opt/a,a", ""},
		{"loader", "ld-linux-x86-64", "/usr/lib/ld-linux-x86-64.so.2", []string{"/lib64/ld-linux-x86-64.so.2", "--library-path", "/x", "/usr/bin/python3", "/opt/a.py"},
			"python3,a.py,ld-linux-x86-64.so.2", "x", ""},
		{"standard input", "bash", "/usr/bin/bash", []string{"bash", "-s", "arg"}, "bash", "arg", ""},
		{"no arguments at all", "short", "/opt/program", nil, "short,program", "x", ""},
	} {
		t.Run(c.title, func(t *testing.T) {
			p := &Process{State: "S", Comm: c.comm, Exe: c.exe, Args: c.args, threads: 1, memory: true}
			for verdict, names := range map[Verdict]string{Yes: c.yes, No: c.no, Unsure: c.perhaps} {
				for _, name := range strings.Split(names, ",") {
					if got := p.Named(name); name != "" && got != verdict {
						t.Errorf("%q: got %v, want %v", name, got, verdict)
					}
				}
			}
			if p.Named("") != No {
				t.Error("nothing is a name")
			}
		})
	}
}

// Whatever the arguments, reading them ends, and no name comes from nowhere.
func FuzzProcessNames(f *testing.F) {
	f.Add("python3.11", "x", "python3\x00-W\x00-m\x00a.b")
	f.Add("busybox", "busybox", "busybox\x00busybox\x00sh\x00-eo\x00a\x00/b/c")
	f.Add("", "java", "java\x00-cp\x00a\x00b.C")
	f.Fuzz(func(t *testing.T, exe, comm, cmdline string) {
		p := &Process{State: "S", Comm: comm, Exe: exe, Args: SplitCmdline(cmdline), threads: 1, memory: true}
		p.names(func(name string) bool {
			if !slices.ContainsFunc(append(p.Args, comm, exe), func(s string) bool { return strings.Contains(s, name) }) && name != "." && name != "/" {
				t.Errorf("%q comes from nowhere", name)
			}
			return true
		})
		p.Named(comm)
		p.Name()
	})
}
