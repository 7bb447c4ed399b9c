package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
)

// openFor opens a database for a topic and a number of partitions.
func openFor(t *testing.T, address, topic string, partitions int, move bool) (*Store, error) {
	t.Helper()
	s, err := Open(t.Context(), Config{Database: address, Topic: topic, Partitions: partitions, Move: move,
		Now: func() time.Time { return time.UnixMilli(nowMs) }})
	if err == nil {
		t.Cleanup(func() { s.Close() })
		s.SetTrail(audittest.On(t, s.Database()))
	}
	return s, err
}

func mustOpenFor(t *testing.T, address, topic string, partitions int, move bool) *Store {
	t.Helper()
	s, err := openFor(t, address, topic, partitions, move)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A database belongs to one stream. An issuer whose settings name another is refused,
// in words that name both.
func TestADatabaseKeepsItsStream(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		first := mustOpenFor(t, address, "railgate.control", 4, false)
		mustOpenFor(t, address, "railgate.control", 4, false)
		refuses := func(topic string, partitions int, words ...string) {
			t.Helper()
			_, err := openFor(t, address, topic, partitions, false)
			if !errors.Is(err, publish.ErrOtherStream) {
				t.Fatalf("%s with %d partitions: %v", topic, partitions, err)
			}
			for _, w := range words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not name %s: %v", w, err)
				}
			}
		}
		refuses("railgate.contrl", 4, `"railgate.control" with 4`, `"railgate.contrl" with 4`)
		refuses("railgate.control", 3, `"railgate.control" with 4`, `"railgate.control" with 3`)

		// A database from before topics were noted takes that of the first start.
		if _, err := first.db.Writer().Exec(`UPDATE stream SET topic = ''`); err != nil {
			t.Fatal(err)
		}
		refuses("railgate.control", 3)
		mustOpenFor(t, address, "railgate.kept", 4, false)
		refuses("railgate.control", 4, `"railgate.kept"`)
	})
}

// The stream is moved on purpose: all that is in force is said again in the new
// partitions, and what still runs under the old settings ends.
func TestMoveStream(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		old := mustOpenFor(t, address, "railgate.control", 4, false)
		for n := range 6 {
			c := approved(t, old, n)
			if _, _, err := old.Apply(t.Context(), Change{Serial: c.Serial, Revoke: true, Reason: "staff", Who: "window-7", AtMs: nowMs + 1}); err != nil {
				t.Fatal(err)
			}
		}
		if leading, err := old.Lead(t.Context()); err != nil || !leading {
			t.Fatal(leading, err)
		}
		before, err := old.Epoch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		moved := mustOpenFor(t, address, "railgate.control.2", 2, true)
		if _, err := moved.MoveStream(t.Context(), "night-shift", nowMs+2); !errors.Is(err, ErrPublishing) {
			t.Fatalf("while an issuer publishes: %v", err)
		}
		if err := old.Resign(t.Context()); err != nil {
			t.Fatal(err)
		}
		epoch, err := moved.MoveStream(t.Context(), "night-shift", nowMs+2)
		if err != nil || epoch <= before {
			t.Fatalf("epoch %d after %d, %v", epoch, before, err)
		}
		if _, err := old.Epoch(t.Context()); !errors.Is(err, publish.ErrOtherStream) {
			t.Fatalf("under the old settings: %v", err)
		}
		if _, err := openFor(t, address, "railgate.control", 4, false); !errors.Is(err, publish.ErrOtherStream) {
			t.Fatalf("opened with the old settings: %v", err)
		}
		next := mustOpenFor(t, address, "railgate.control.2", 2, false)
		if revoked := takeAll(t, next, epoch); revoked != 6 {
			t.Fatalf("%d revocations in the new partitions, want 6", revoked)
		}
	})
}

// takeAll takes all records of a store's partitions, and holds each to its partition.
func takeAll(t *testing.T, s *Store, epoch uint64) (n int) {
	t.Helper()
	for p := range s.Partitions() {
		pending, err := s.Take(context.WithoutCancel(t.Context()), epoch, p, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range pending.Records {
			if got := publish.Partition(&r, s.Partitions()); got != p {
				t.Errorf("a record of partition %d in %d", got, p)
			}
			n++
		}
	}
	return n
}
