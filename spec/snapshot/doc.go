// Package snapshot takes all facts of one target at one moment, keeps them in a
// file, and tells what differs between two of them, whatever made the difference.
//
//	before, err := snapshot.Take(ctx, t, snapshot.Options{})
//	...
//	after, err := snapshot.Take(ctx, t, snapshot.Options{})
//	...
//	for _, item := range snapshot.Diff(before, after, snapshot.DiffOptions{}).Items {
//		fmt.Println(item)
//	}
//
// The facts are packages, services, users, passwords, groups, listening ports,
// mounts, cron tables, kernel parameters and modules, and the files below the watched folders by
// type, mode, owner, link and content. What could not be told stands in a snapshot
// as such, with the reason, and is never taken for "the same".
//
// There are two ways to know contents. By default the target hashes what is below
// the watched folders, in the same exchange. With Options.Stamps files are only
// listed, with the times that the kernel keeps, which takes a tenth of the time for
// a whole tree: Candidates then names the files that may differ between two such
// lists of one target, Hash hashes these, and Snapshot.WithHashes puts the sums in
// their place.
//
// A snapshot holds no content of a file, and of a password only whether one is set
// and when it was changed. But it holds the SHA-256 of every watched file: that of
// a file with little in it, such as a PIN, can be found out by trying. So a file is
// written for its owner alone (mode 0600).
package snapshot
