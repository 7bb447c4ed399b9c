// Package fakeprovider is an outside service for tests: it speaks the protocol of
// package provider on a loopback port and does as it is told, good or bad.
//
// It promises that it remembers what it was asked and that it ends with its
// test. It is no model of a real service, and no command may link it.
package fakeprovider
