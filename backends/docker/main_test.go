package docker

import (
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
