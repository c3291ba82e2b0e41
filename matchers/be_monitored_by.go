package matchers

import (
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/matchers/match"
)

// BeMonitoredBy succeeds when a monitor watches the subject. The one that is known
// is "monit". A service that it does not know is not monitored.
//
//	Service("nginx").Should(BeMonitoredBy("monit"))
//
// The subject needs the method
//
//	MonitoredBy(monitor string) (bool, error)
func BeMonitoredBy(monitor string) types.GomegaMatcher {
	return match.That("BeMonitoredBy", "be monitored by "+monitor, func(s interface {
		MonitoredBy(monitor string) (bool, error)
	}) (bool, error) {
		return s.MonitoredBy(monitor)
	})
}
