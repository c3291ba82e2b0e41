package benchmark

// start measures what a test binary costs before its first spec, beside one that
// does not use hostspec.
func (s *bench) start(out *table) {
	s.Helper()
	empty := &line{name: "an empty test binary", args: []string{s.build("test", "empty"), "-test.list", "."}}
	s.compare(out, "the start of a test binary", []*line{
		empty,
		{name: "one with the hundred checks", args: []string{s.suite, "-test.list", "."}, against: empty},
	})
}

// many measures ten thousand one-liners, beside Ginkgo's dry run of the same tree.
func (s *bench) many(out *table) {
	s.Helper()
	suite := s.build("test", "many")
	dry := &line{name: "Ginkgo's dry run", args: []string{suite, "-ginkgo.dry-run"}}
	s.compare(out, "ten thousand one-liners", []*line{dry, {name: "hostspec", args: []string{suite}, against: dry}})
}
