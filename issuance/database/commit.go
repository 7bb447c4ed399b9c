package database

import "context"

type commitKey struct{}

// AfterCommit has f called when the transaction of ctx is committed, in the order of
// the calls; never if it is not. ctx is the one that Change gives its function.
func AfterCommit(ctx context.Context, f func()) {
	after, ok := ctx.Value(commitKey{}).(*[]func())
	if !ok {
		panic("BUG: database: AfterCommit outside of Change")
	}
	*after = append(*after, f)
}
