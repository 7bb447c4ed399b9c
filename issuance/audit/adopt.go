package audit

import (
	"context"
	"database/sql"
	"fmt"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/staff"
)

// itself is the name under which the issuer writes what no one ordered.
const itself = "issuer"

// adopt takes in, once, the entries that an issuer of an older version left unsealed
// and without a proof, and enters how many there were. From that entry on nothing is
// sealed without a proof. On every other chain it does nothing.
func (t *Trail) adopt(ctx context.Context) error {
	adopted := 0
	err := t.db.Change(ctx, "take in entries of an older version", func(ctx context.Context, tx *sql.Tx) error {
		e, err := readEnds(ctx, tx, t.db.ForUpdate)
		if err != nil {
			return err
		}
		if old, err := t.beforeProofs(ctx, tx, e); err != nil || !old {
			return err
		}
		for {
			some, err := waiting(ctx, tx, `proof IS NULL`, firstID)
			if err != nil {
				return err
			}
			if e.head, err = t.chain(ctx, tx, e.head, some); err != nil {
				return err
			}
			if adopted += len(some); len(some) < sealBatch {
				break
			}
		}
		err = t.Append(ctx, tx, Entry{AtMs: t.now().UnixMilli(), Who: itself, Role: staff.Program, Action: staff.VerifyTrail,
			Object: Object{Chain, "proofs"}, Detail: fmt.Sprintf("entries carry a proof from here on; %d before it were sealed without one", adopted)})
		if err != nil {
			return err
		}
		some, err := waiting(ctx, tx, `proof IS NOT NULL`, firstID)
		if err != nil {
			return err
		}
		some, _, err = t.sift(ctx, tx, e, some)
		if err != nil {
			return err
		}
		_, err = t.chain(ctx, tx, e.head, some)
		return err
	})
	if err == nil && adopted > 0 {
		t.log.Warn("audit log: entries that an older version left unsealed were sealed without a proof", zap.Int("entries", adopted))
	}
	return err
}
