package fact

import (
	"fmt"
	"strings"
)

// A MonitService is a service as monit knows it, monit(1).
type MonitService struct {
	Type       string // "Process", "File", "System"
	Name       string
	Status     string // "OK", "Does not exist"
	Monitoring string // "Monitored", "Not monitored", "Waiting", "Initializing"
}

// ParseMonitStatus reads what monit -B status prints: a block for each service,
// headed by its type and its name in quotes, with indented lines below.
func ParseMonitStatus(text string) ([]MonitService, error) {
	var out []MonitService
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		if !strings.HasPrefix(line, " ") {
			kind, name, ok := strings.Cut(line, " '")
			if name, closed := strings.CutSuffix(name, "'"); ok && closed {
				out = append(out, MonitService{Type: kind, Name: name})
			} else if !strings.HasPrefix(line, "Monit ") {
				return nil, fmt.Errorf("monit status: cannot read %.200q", line)
			}
			continue
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("monit status: %.200q belongs to no service", line)
		}
		last := &out[len(out)-1]
		line = strings.TrimSpace(line)
		if value, ok := strings.CutPrefix(line, "monitoring status "); ok {
			last.Monitoring = strings.TrimSpace(value)
		} else if value, ok := strings.CutPrefix(line, "status "); ok {
			last.Status = strings.TrimSpace(value)
		}
	}
	return out, nil
}
