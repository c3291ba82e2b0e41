// Package matchers holds the Gomega matchers of infrastructure specs, one a
// file. It is meant to be imported with a dot.
//
// A matcher asks its subject one thing, by one method, and serves whatever has
// that method: BeRunning serves services, processes, containers and other
// people's resources. Each chain may need one method more; chains are documented in
// package match, which is also what matchers of your own are made of. There are three
// outcomes: it holds, it does not, and an error that says why it could not be
// told, which fails Should and ShouldNot alike.
package matchers
