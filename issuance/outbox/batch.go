package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/railgate/railgate/revocation/publish"
)

// streamed is a revocation, or a publisher that takes records. Both cost less than
// their commit.
type streamed struct {
	revoke *applied
	take   *taking
}

// do runs a call. On SQLite, which has one writer, calls that wait share a
// transaction; what is revoked in it is then numbered in it, too. PostgreSQL runs
// transactions side by side and shares their writes to disk itself: on one connection
// calls would only wait for each other's round trips.
func (s *Store) do(ctx context.Context, c *streamed) error {
	if s.db.Name == "sqlite" {
		return s.streams.Do(ctx, c)
	}
	if c.revoke != nil {
		select {
		case s.revoking <- struct{}{}:
			defer func() { <-s.revoking }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.streamTogether(ctx, []*streamed{c})
}

// mostRevoking is how many of PostgreSQL's connections revocations use at a time, half
// of them: the publisher, which waits in the same queue, must find one.
const mostRevoking = 8

// streamTogether runs many calls in one transaction, revocations before takes. A
// transaction that the database refuses is tried again call by call, so that none
// suffers for another, unless it may have been committed.
func (s *Store) streamTogether(ctx context.Context, calls []*streamed) error {
	committed, err := s.share(ctx, calls)
	if err == nil || committed || len(calls) == 1 {
		return err
	}
	for _, c := range calls {
		if c.revoke != nil {
			*c.revoke = applied{Change: c.revoke.Change}
		} else {
			c.take.pending = publish.Pending{}
		}
		if _, err := s.share(ctx, []*streamed{c}); err != nil {
			c.refuse(err)
		}
	}
	return nil
}

// share is one transaction. committed: it may be on disk even though err is not nil.
func (s *Store) share(ctx context.Context, calls []*streamed) (committed bool, err error) {
	// In one order of rows, so that two issuers do not wait for each other.
	calls = slices.SortedStableFunc(slices.Values(calls), inOrder)
	err = s.db.Change(ctx, "revoke and take", func(ctx context.Context, tx *sql.Tx) error {
		ctx = s.db.Brief(ctx)
		for _, c := range calls {
			if err := s.streamIn(ctx, tx, c); err != nil {
				return err
			}
		}
		committed = true
		return nil
	})
	return committed, err
}

func (s *Store) streamIn(ctx context.Context, tx *sql.Tx, c *streamed) error {
	if c.revoke != nil {
		return s.applyIn(ctx, tx, c.revoke)
	}
	err := s.takeIn(ctx, tx, c.take)
	if errors.Is(err, publish.ErrEpoch) || errors.Is(err, publish.ErrLease) {
		c.take.refused = err
		return nil
	}
	return err
}

func (c *streamed) refuse(err error) {
	if c.revoke != nil {
		*c.revoke = applied{Change: c.revoke.Change, refused: err}
	} else {
		c.take.refused = err
	}
}

// inOrder has revocations first, by serial, and then takes, by partition.
func inOrder(a, b *streamed) int {
	switch {
	case a.revoke != nil && b.revoke != nil:
		x, y := a.revoke.Serial, b.revoke.Serial
		return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.Index, y.Index))
	case a.take != nil && b.take != nil:
		return cmp.Compare(a.take.partition, b.take.partition)
	case a.revoke != nil:
		return -1
	}
	return 1
}
