package audit

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
)

// lastSeal bounds what Run still does when it is told to end.
const lastSeal = 10 * time.Second

// Run seals and logs anchors until ctx ends, and once more then: end it after
// whatever appends. What fails is logged, counted and tried again.
func (t *Trail) Run(ctx context.Context) error {
	seal, anchor := time.NewTicker(t.sealEvery), time.NewTicker(t.anchorEvery)
	defer seal.Stop()
	defer anchor.Stop()
	given := t.anchor(ctx, Anchor{})
	adopted := false
	for {
		select {
		case <-seal.C:
			if !adopted {
				adopted = t.adoptOrSay(ctx)
			}
			t.sealOrSay(ctx)
		case <-anchor.C:
			given = t.anchor(ctx, given)
			t.sayRefused()
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSeal)
			defer cancel()
			t.sealOrSay(last)
			t.anchor(last, given)
			return nil
		}
	}
}

func (t *Trail) adoptOrSay(ctx context.Context) (done bool) {
	err := t.adopt(ctx)
	if err != nil && ctx.Err() == nil {
		t.sealFailures.Add(1)
		t.log.Error("audit trail: entries of an older version not taken in", zap.Error(err))
	}
	return err == nil
}

func (t *Trail) sealOrSay(ctx context.Context) {
	if _, err := t.Seal(ctx); err != nil && ctx.Err() == nil {
		t.sealFailures.Add(1)
		t.log.Error("audit trail not sealed", zap.Error(err))
	}
}

// anchor logs where the trail stands, after a look whether the anchor given
// before is still in it, and returns the one to look for next time. One that is
// gone is looked for, and missed aloud, until the process ends: somebody must look.
func (t *Trail) anchor(ctx context.Context, given Anchor) Anchor {
	s, err := t.State(ctx)
	holds := false
	if err == nil {
		holds, err = t.stillHolds(ctx, given)
	}
	if err != nil {
		if ctx.Err() == nil {
			t.log.Error("no audit anchor", zap.Error(err))
		}
		return given
	}
	age := time.Duration(0)
	if s.OldestMs != 0 {
		age = t.now().Sub(time.UnixMilli(s.OldestMs))
	}
	t.log.Info("audit anchor", zap.Stringer("anchor", s.Head), zap.Int64("unsealed", s.Unsealed), zap.Duration("oldest", age))
	if !holds || s.Head.Position < given.Position {
		t.lost.Store(true)
		t.log.Error("the audit trail no longer holds an anchor given before: cut or rewritten; verify it", zap.Stringer("anchor", given))
		return given
	}
	return s.Head
}

// stillHolds looks for an anchor that this Trail gave. What was archived since
// counts as there: Verify looks closer.
func (t *Trail) stillHolds(ctx context.Context, given Anchor) (bool, error) {
	var there, archived int
	err := t.db.View(ctx, "look for an anchor", func(ctx context.Context, q database.Queries) error {
		err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM audit WHERE position = $1 AND hash = $2`, given.Position, given.Hash[:]).Scan(&there)
		if err != nil {
			return err
		}
		return q.QueryRowContext(ctx, `SELECT COUNT(*) FROM audit_chain WHERE base >= $1`, given.Position).Scan(&archived)
	})
	return there+archived > 0, err
}
