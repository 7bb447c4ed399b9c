package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// Truth is what this database says about what a code claims: the rules that gateways
// learn from the stream, asked at their source.
type Truth struct {
	Public  []byte // of the key; nil: never announced
	CutOff  int64  // the key's; tokens.Never while it is in service
	Rescued bool   // the credential is exempt from the key's cut-off
	// SubjectCutOff is the earliest session start that is good for the subject.
	SubjectCutOff int64
	Application   Application
	Credential    *Credential // nil: this database has none with the serial
	Opened        bool        // a session of the credential started in that second
	Closed        bool        // and its holder closed it
}

// Truth asks for all of it. start is of the session, Unix seconds.
func (s *Store) Truth(ctx context.Context, key tokens.KeyID, serial tokens.Serial, subject tokens.Subject, start int64) (t Truth, err error) {
	day, index := int64(serial.Day), int64(serial.Index)
	err = s.db.View(ctx, "verify a code", func(ctx context.Context, q database.Queries) error {
		ctx = s.db.Brief(ctx)
		var cutOff, subjectCutOff sql.NullInt64
		err := q.QueryRowContext(ctx, `SELECT (SELECT public FROM announced_keys WHERE id = $1), (SELECT cut_off FROM key_cutoffs WHERE key_id = $1),
				(SELECT COUNT(*) FROM rescued WHERE key_id = $1 AND day = $2 AND idx = $3), (SELECT cut_off FROM subject_cutoffs WHERE subject = $4)`,
			int64(key), day, index, subject[:]).Scan(&t.Public, &cutOff, &t.Rescued, &subjectCutOff)
		if err != nil {
			return err
		}
		t.CutOff, t.SubjectCutOff = tokens.Never, subjectCutOff.Int64
		if cutOff.Valid {
			t.CutOff = cutOff.Int64
		}
		t.Application, t.Credential, err = scanApplication(q.QueryRowContext(ctx,
			`SELECT `+applicationColumns+` FROM credentials c JOIN applications a ON a.id = c.application WHERE c.day = $1 AND c.idx = $2`, day, index))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		var opened, closed int
		err = q.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(closed_ms) FROM sessions WHERE application = $1 AND start_ms / 1000 = $2`,
			t.Application.ID, start).Scan(&opened, &closed)
		t.Opened, t.Closed = opened > 0, closed > 0
		return err
	})
	return t, err
}
