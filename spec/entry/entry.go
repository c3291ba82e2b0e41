// Package entry holds the structs that spec authors fill in to say what they
// expect, such as one line of a routing table.
package entry

// A Route is a line of a routing table. Empty fields match anything.
type Route struct {
	// Destination is a network such as 10.0.0.0/8, or "default".
	Destination string
	// Gateway is the next hop's address.
	Gateway string
	// Interface is the device it leaves by.
	Interface string
}

// An FstabEntry is a line of fstab(5). Empty fields match anything, but
// MountPoint must be given.
type FstabEntry struct {
	// Device is the first field as it is written there: /dev/sda1, UUID=...
	Device string
	// MountPoint is the second field.
	MountPoint string
	// Type is the file system's type.
	Type string
	// Options must all be among the entry's options.
	Options []string
}
