// Package examples runs the commands of the READMEs, and the examples as people do.
package examples

import (
	"testing"

	"github.com/hostspec/hostspec/cmd/hostspec/internal/hostspectest"
)

func TestMain(m *testing.M) { hostspectest.Main(m) }

// top is the folder of the module.
const top = "../../../.."
