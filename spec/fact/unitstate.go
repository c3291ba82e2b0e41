package fact

import (
	"fmt"
	"io"
	"strconv"
)

// UnitStateProperties are the properties that ParseUnitStates reads.
const UnitStateProperties = "Id,LoadState,ActiveState,UnitFileState,MainPID,ActiveEnterTimestampMonotonic"

// A UnitState is whether a unit runs, and since when.
type UnitState struct {
	ID, LoadState, ActiveState, UnitFileState string
	// MainPID is 0 where no main process runs.
	MainPID int
	// Since is ActiveEnterTimestampMonotonic: when it last became active, in
	// microseconds since the boot; 0 for never.
	Since uint64
}

// ParseUnitStates reads what
//
//	systemctl show -p UnitStateProperties -- '*.service' ...
//
// prints: a block of KEY=VALUE lines for each unit, in an order of systemd's own,
// and empty lines between the blocks. Where such a line is missing, a property that
// comes again begins the next block.
func ParseUnitStates(r io.Reader) ([]UnitState, error) { return parseUnitBlocks(r, unitStateOf) }

func unitStateOf(block map[string]string) (UnitState, error) {
	u := UnitState{ID: block["Id"], LoadState: block["LoadState"], ActiveState: block["ActiveState"], UnitFileState: block["UnitFileState"]}
	if u.ID == "" || u.LoadState == "" || u.ActiveState == "" {
		return u, fmt.Errorf("systemctl show: a unit came without Id, LoadState or ActiveState")
	}
	if pid, ok := block["MainPID"]; ok {
		n, err := strconv.ParseUint(pid, 10, 31)
		if err != nil {
			return u, fmt.Errorf("systemctl show: MainPID of %s is %q", u.ID, pid)
		}
		u.MainPID = int(n)
	}
	if since, ok := block["ActiveEnterTimestampMonotonic"]; ok {
		n, err := strconv.ParseUint(since, 10, 64)
		if err != nil {
			return u, fmt.Errorf("systemctl show: ActiveEnterTimestampMonotonic of %s is %q", u.ID, since)
		}
		u.Since = n
	}
	return u, nil
}
