package fact

import "testing"

// The outputs are those of puppet 7.23, itamae 1.14, ansible-core 2.14 and cfengine
// 3.21, shortened; of chef as its documentation shows it.
func TestReadConverge(t *testing.T) {
	const (
		ansible = "\nTASK [Gathering Facts] ***\nok: [localhost]\n\nPLAY RECAP *********************\nlocalhost                  : ok=3    changed=2    unreachable=0    failed=0    skipped=0    rescued=0    ignored=1   \n"
		broken  = "fatal: [localhost]: FAILED! => {\"changed\": true, \"msg\": \"non-zero return code\"}\n\nPLAY RECAP *********************\nlocalhost                  : ok=1    changed=0    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0   \n"
		lost    = "\nPLAY RECAP *********************\nweb1                       : ok=0    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0   \n"
		itamae  = " INFO : Starting Itamae... \n INFO : Recipe: /r.rb\n INFO :   file[/etc/motd] exist will change from 'false' to 'true'\n"
		cf      = "    info: Created file '/etc/motd', mode 0600\n    info: Updated file '/etc/motd' with content\n"
		puppet  = "\x1b[mNotice: Compiled catalog for web in environment production in 0.02 seconds\x1b[0m\n\x1b[1;31mError: Could not set 'present' on ensure\x1b[0m\nNotice: Applied catalog in 0.03 seconds\n"
	)
	for _, c := range []struct {
		command string
		code    int
		accept  []int
		output  string
		want    Converge
	}{
		{"make deploy", 0, nil, "", Converge{"", "", Unknown}},
		{"make deploy", 2, nil, "", Converge{"", "exit 2", Unknown}},
		{"make deploy", 2, nil, "linking\n\x1b[31mno licence\x1b[0m\n\n", Converge{"", "exit 2: no licence", Unknown}},
		{"chef-client -z", 127, nil, "sh: 1: chef-client: not found\n", Converge{"chef", "exit 127: sh: 1: chef-client: not found", Unknown}},
		{"make deploy", 2, []int{0, 2}, "", Converge{"", "", Unknown}},
		{"make deploy", 0, []int{2}, "", Converge{"", "exit 0", Unknown}},

		{"puppet apply --detailed-exitcodes /m/site.pp", 0, nil, "", Converge{"puppet", "", 0}},
		{"puppet apply --detailed-exitcodes /m/site.pp", 2, nil, puppet, Converge{"puppet", "", Unknown}},
		{"/opt/puppetlabs/bin/puppet apply --detailed-exitcodes /m/site.pp", 6, nil, puppet, Converge{"puppet", "exit 6: Could not set 'present' on ensure", Unknown}},
		{"puppet apply /m/site.pp", 2, nil, "", Converge{"puppet", "exit 2", Unknown}},
		{"./converge.sh --detailed-exitcodes", 2, nil, puppet, Converge{"puppet", "", Unknown}},

		{"itamae local --detailed-exitcode r.rb", 2, nil, itamae, Converge{"itamae", "", Unknown}},
		{"cd /r && itamae local --detailed-exitcode r.rb", 2, nil, itamae + "ERROR :   execute[false] Failed.\n", Converge{"itamae", "execute[false] Failed. (with exit 2)", Unknown}},
		{"itamae local --detailed-exitcode r.rb", 2, nil, itamae + "ERROR :     stdout | Reading package lists...\nERROR :     stderr | E: Unable to locate package x\nERROR :   package[x] Failed.\n",
			Converge{"itamae", "E: Unable to locate package x (with exit 2)", Unknown}},

		{"ansible-playbook -c local site.yml", 0, nil, ansible, Converge{"ansible", "", 2}},
		{"ansible-playbook site.yml", 0, nil, ansible + "web2 : ok=3    changed=3    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   \n", Converge{"ansible", "", 5}},
		{"ansible-playbook -c local site.yml", 2, nil, broken, Converge{"ansible", `exit 2: [localhost]: FAILED! => {"changed": true, "msg": "non-zero return code"}`, 0}},
		{"ansible-playbook site.yml || true", 0, nil, lost, Converge{"ansible", "unreachable=1 on web1 (with exit 0)", 0}},
		{"./play || true", 0, nil, broken, Converge{"ansible", `[localhost]: FAILED! => {"changed": true, "msg": "non-zero return code"} (with exit 0)`, 0}},

		{"cf-agent -KIf /p.cf", 0, nil, cf, Converge{"cfengine", "", 2}},
		{"cf-agent -KIf /p.cf", 0, nil, "", Converge{"cfengine", "", 0}},
		{"cf-promises -f /p.cf && cf-agent -KIf /p.cf", 0, nil, "   error: Could not open '/nowhere'\n", Converge{"cfengine", "Could not open '/nowhere' (with exit 0)", 0}},

		{"chef-client -z", 0, nil, "Chef Infra Client finished, 3/7 resources updated in 02 seconds\n", Converge{"chef", "", 3}},
		// The word may be part of another one.
		{"cat /etc/puppet.conf", 2, nil, "", Converge{"", "exit 2", Unknown}},
	} {
		if got := ReadConverge(c.command, c.code, c.accept, []byte(c.output)); got != c.want {
			t.Errorf("%s, exit %d:\n got %+v\nwant %+v", c.command, c.code, got, c.want)
		}
	}
}

func FuzzReadConverge(f *testing.F) {
	f.Add("ansible-playbook x", 0, "\nPLAY RECAP ***\nh : ok=1 changed=99999999999999999999 failed=1\n")
	f.Fuzz(func(t *testing.T, command string, code int, output string) {
		if c := ReadConverge(command, code, nil, []byte(output)); c.Failure == "" && code != 0 && code != 2 {
			t.Errorf("exit %d is told as good", code)
		}
	})
}
