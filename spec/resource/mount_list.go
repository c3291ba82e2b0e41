package resource

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// What is mounted, by its path.
var _ = catalogue.Add(&catalogue.Kind{
	Name: "mount", Rank: 70,
	All: &catalogue.Listing{Name: "mounts", Script: func(string) string { return "cat /proc/self/mountinfo" }, Read: readMounts},
	Noise: []catalogue.Noise{
		{Name: "/etc/{hosts,hostname,resolv.conf}", Why: "mounted by the container engine", Container: true},
		{Name: "/{proc,sys,dev,run}/**", Why: "the kernel's and the session's own"},
		{Name: "/var/lib/{docker,containers}/**", Why: "of containers, which come and go"},
	},
	Resource: "File",
	Spec: func(f catalogue.Fact, _ catalogue.Facts) string {
		return fmt.Sprintf("File(%q).Should(BeMounted())", f.Name)
	},
	Absent: func(name string) string { return fmt.Sprintf("File(%q).ShouldNot(BeMounted())", name) },
})

// passingOptions are of one mounting of the same file system and differ with each.
var passingOptions = []string{"lowerdir=", "upperdir=", "workdir=", "fd=", "pgrp=", "pipe_ino=", "user_id=", "group_id="}

// readMounts reads proc_pid_mountinfo(5). Of several on one path the last is what is seen.
func readMounts(_ target.System, o target.Output, _ map[string]string) ([]catalogue.Fact, error) {
	if !o.Status.Success() {
		return nil, errors.New(firstWords(o))
	}
	mounts, err := fact.ParseMountinfo(bytes.NewReader(o.Stdout))
	if err != nil {
		return nil, err
	}
	var out []catalogue.Fact
	for _, m := range mounts {
		options := slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool {
			return slices.ContainsFunc(passingOptions, func(p string) bool { return strings.HasPrefix(o, p) })
		})
		slices.Sort(options)
		out = append(out, catalogue.New("mount", m.Path, "type", m.Type, "device", m.Device, "options", strings.Join(options, ",")))
	}
	return out, nil
}
