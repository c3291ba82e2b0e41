package matchers

type monitoredBy struct {
	matcher
	monitor string
}

// BeMonitoredBy succeeds when a monitor watches the subject. The one that is known
// is "monit". A service that it does not know is not monitored.
//
//	Service("nginx").Should(BeMonitoredBy("monit"))
//
// The subject needs the method
//
//	MonitoredBy(monitor string) (bool, error)
func BeMonitoredBy(monitor string) *monitoredBy {
	return &monitoredBy{matcher: matcher{constructor: "BeMonitoredBy", wanted: "be monitored by " + monitor}, monitor: monitor}
}

// Match implements types.GomegaMatcher.
func (m *monitoredBy) Match(actual any) (bool, error) {
	s, err := subject[interface {
		MonitoredBy(monitor string) (bool, error)
	}](&m.matcher, actual, "MonitoredBy(monitor string) (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "MonitoredBy", func() (bool, error) { return s.MonitoredBy(m.monitor) })
}
