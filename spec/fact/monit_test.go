package fact

import (
	"slices"
	"testing"
)

// What monit 5.33 prints, shortened.
const monitStatus = `Monit 5.33.0 uptime: 0m

Process 'cron'
  status                       OK
  monitoring status            Monitored
  monitoring mode              active
  pid                          22770

Process 'nginx-main'
  status                       Does not exist
  monitoring status            Not monitored

File 'pass wd'
  status                       OK
  monitoring status            Waiting
`

func TestParseMonitStatus(t *testing.T) {
	got, err := ParseMonitStatus(monitStatus)
	want := []MonitService{{"Process", "cron", "OK", "Monitored"}, {"Process", "nginx-main", "Does not exist", "Not monitored"}, {"File", "pass wd", "OK", "Waiting"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, text := range []string{"nonsense\n", "  status OK\n", "Process 'x\n"} {
		if got, err := ParseMonitStatus(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

func FuzzParseMonitStatus(f *testing.F) {
	f.Add(monitStatus)
	f.Fuzz(func(t *testing.T, text string) { _, _ = ParseMonitStatus(text) })
}
