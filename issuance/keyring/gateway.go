package keyring

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Why a command on a gateway is refused. ErrBound and ErrWeak are refusals too.
var (
	ErrGatewayID        = errors.New("keyring: a gateway's id must be 1 to 65535")
	ErrGatewayKey       = errors.New("keyring: the key belongs to another gateway")
	ErrGatewayWithdrawn = errors.New("keyring: the gateway is withdrawn")
	ErrGatewaysFull     = errors.New("keyring: gateways have no room for another one")
	ErrNoGateway        = errors.New("keyring: no such gateway was ever announced")
)

// Gateway is a gateway's key as announced: the gateway signs its passages, bundles and
// receipts with it. The issuer never has the secret.
type Gateway struct {
	ID        revocation.GatewayID
	Public    [tokens.PublicKeySize]byte
	Announced time.Time
	Cutoff    time.Time // what the gateway dates then or later is refused; zero: not withdrawn
}

// AnnounceGateway announces a gateway's key, and reports whether it was new. An id keeps its
// key and a key its id, for ever: a thief's key that was withdrawn never counts again under
// another id. A repetition changes nothing. It fails with ErrBound or ErrGatewayKey if the
// id has another key or the key another id, with ErrGatewayWithdrawn if it was withdrawn,
// with ErrWeak for a key that gateways refuse, and with ErrGatewaysFull if there are
// revocation.MaxGateways, withdrawn ones included. by has the operator, the role and the time.
func (s *Store) AnnounceGateway(ctx context.Context, id revocation.GatewayID, public [tokens.PublicKeySize]byte, by audit.Entry) (changed bool, err error) {
	if id == 0 {
		return false, ErrGatewayID
	}
	if err := tokens.CheckPublicKey(public); err != nil {
		return false, fmt.Errorf("%w: gateway %d: %w", ErrWeak, id, err)
	}
	at := database.Millis(by.AtMs)
	return s.onGateways(ctx, "announce gateway", func(ctx context.Context, tx *sql.Tx) (bool, error) {
		var same, sameID, sameKey, withdrawn bool
		err := database.Each(ctx, tx, func(rows *sql.Rows) error {
			g, err := scanGateway(rows)
			same = same || g.ID == id && g.Public == public
			sameID = sameID || g.ID == id
			sameKey = sameKey || g.Public == public
			withdrawn = withdrawn || !g.Cutoff.IsZero()
			return err
		}, selectGateways+` WHERE id = $1 OR public = $2`, int64(id), public[:])
		switch {
		case err != nil:
			return false, err
		case withdrawn:
			return false, fmt.Errorf("%w: give gateway %d a new key and a new id", ErrGatewayWithdrawn, id)
		case same:
			return false, nil
		case sameID:
			return false, fmt.Errorf("%w: gateway %d", ErrBound, id)
		case sameKey:
			return false, ErrGatewayKey
		}
		var have int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM gateways`).Scan(&have); err != nil {
			return false, err
		}
		if have >= revocation.MaxGateways {
			return false, fmt.Errorf("%w: they keep %d, withdrawn ones included", ErrGatewaysFull, have)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO gateways (id, public, announced_ms, sent_ms) VALUES ($1, $2, $3, $3)`, int64(id), public[:], at)
		if err != nil {
			return false, err
		}
		if err := s.Outbox.Enqueue(ctx, tx, revocation.Record{Kind: revocation.KindAnnounceGateway, At: int64(at), Gateway: id, Public: public}); err != nil {
			return false, err
		}
		return true, s.recordOnGateway(ctx, tx, by, staff.AnnounceGateway, id, "key "+hex.EncodeToString(public[:]))
	})
}

// WithdrawGateway makes readers refuse what a gateway dates at or after cutoff, Unix
// seconds. A cutoff only ever moves to an earlier time, and there is no way back: the
// gateway needs a new key and a new id. It returns the cutoff in effect, and whether this
// call moved it. It fails with ErrNoGateway for an unknown id.
func (s *Store) WithdrawGateway(ctx context.Context, id revocation.GatewayID, cutoff int64, by audit.Entry) (inEffect int64, changed bool, err error) {
	if cutoff < 1 || cutoff > math.MaxUint32 {
		return 0, false, ErrCutoffTime
	}
	at := database.Millis(by.AtMs)
	changed, err = s.onGateways(ctx, "withdraw gateway", func(ctx context.Context, tx *sql.Tx) (bool, error) {
		n, err := database.Changed(ctx, tx, `UPDATE gateways SET cut_off = $1, withdrawn_ms = $2 WHERE id = $3 AND (cut_off IS NULL OR cut_off > $1)`,
			cutoff, at, int64(id))
		if err != nil {
			return false, err
		}
		err = tx.QueryRowContext(ctx, `SELECT cut_off FROM gateways WHERE id = $1`, int64(id)).Scan(&inEffect)
		if errors.Is(err, sql.ErrNoRows) {
			return false, fmt.Errorf("%w: gateway %d", ErrNoGateway, id)
		}
		if err != nil || n == 0 {
			return false, err
		}
		if err := s.Outbox.Enqueue(ctx, tx, revocation.Record{Kind: revocation.KindWithdrawGateway, At: int64(at), Gateway: id, Cutoff: cutoff}); err != nil {
			return false, err
		}
		return true, s.recordOnGateway(ctx, tx, by, staff.WithdrawGateway, id, "from "+database.SecondsAt(cutoff).String())
	})
	return inEffect, changed, err
}

// Gateways lists every gateway that was ever announced, by id.
func (s *Store) Gateways(ctx context.Context) (all []Gateway, err error) {
	err = s.db.View(ctx, "list the gateways", func(ctx context.Context, q database.Queries) error {
		all, err = database.All(ctx, q, func(rows *sql.Rows, g *Gateway) (err error) {
			*g, err = scanGateway(rows)
			return err
		}, selectGateways+` ORDER BY id`)
		return err
	})
	return all, err
}

const selectGateways = `SELECT id, public, announced_ms, cut_off FROM gateways`

func scanGateway(rows *sql.Rows) (g Gateway, err error) {
	var public []byte
	var announced database.Millis
	var cutoff sql.Null[int64]
	if err := rows.Scan(&g.ID, &public, &announced, &cutoff); err != nil {
		return g, err
	}
	if copy(g.Public[:], public); len(public) != len(g.Public) {
		return g, errPublic
	}
	g.Announced = announced.Time()
	if cutoff.Valid {
		g.Cutoff = time.Unix(cutoff.V, 0).UTC()
	}
	return g, nil
}

// repeatAtOnce is how many gateways one transaction of RepeatGateways announces: few enough
// that other transactions wait only shortly.
const repeatAtOnce = 500

// RepeatGateways puts the announcements that are older than AnnounceAgain into the outbox
// again, with the withdrawals, and returns their number. Withdrawn gateways are announced
// for ever: receipts that they signed before are verified years later.
func (s *Store) RepeatGateways(ctx context.Context, at database.Millis) (repeated int, err error) {
	for {
		var records []revocation.Record
		_, err := s.onGateways(ctx, "repeat gateways", func(ctx context.Context, tx *sql.Tx) (bool, error) {
			var err error
			if records, err = gatewayRecords(ctx, tx, at, `UPDATE gateways SET sent_ms = $1 WHERE id IN
				(SELECT id FROM gateways WHERE sent_ms <= $2 ORDER BY id LIMIT $3) RETURNING id, public, announced_ms, cut_off`,
				at, at.Add(-AnnounceAgain), repeatAtOnce); err != nil {
				return false, err
			}
			return true, s.Outbox.Enqueue(ctx, tx, records...)
		})
		if err != nil {
			return repeated, err
		}
		for _, r := range records {
			if r.Kind == revocation.KindAnnounceGateway {
				repeated++
			}
		}
		if len(records) < repeatAtOnce {
			return repeated, nil
		}
	}
}

// gatewayRecords makes the records of the selected gateways, dated at: first the
// announcements, then the withdrawals.
func gatewayRecords(ctx context.Context, tx *sql.Tx, at database.Millis, query string, args ...any) ([]revocation.Record, error) {
	var announced, withdrawn []revocation.Record
	err := database.Each(ctx, tx, func(rows *sql.Rows) error {
		g, err := scanGateway(rows)
		announced = append(announced, revocation.Record{Kind: revocation.KindAnnounceGateway, At: int64(at), Gateway: g.ID, Public: g.Public})
		if !g.Cutoff.IsZero() {
			withdrawn = append(withdrawn, revocation.Record{Kind: revocation.KindWithdrawGateway, At: int64(at), Gateway: g.ID, Cutoff: g.Cutoff.Unix()})
		}
		return err
	}, query, args...)
	return append(announced, withdrawn...), err
}

// onGateways runs a change while no other command on keys or gateways runs.
func (s *Store) onGateways(ctx context.Context, what string, f func(ctx context.Context, tx *sql.Tx) (bool, error)) (changed bool, err error) {
	return database.Update(ctx, s.db, what, func(ctx context.Context, tx *sql.Tx) (bool, error) {
		if err := s.lockCommands(ctx, tx); err != nil {
			return false, err
		}
		return f(ctx, tx)
	})
}

func (s *Store) recordOnGateway(ctx context.Context, tx *sql.Tx, by audit.Entry, action staff.Action, id revocation.GatewayID, detail string) error {
	by.Action, by.Object, by.Detail = action, audit.Object{Kind: audit.Gateway, ID: strconv.Itoa(int(id))}, detail
	return s.AuditLog.Append(ctx, tx, by)
}
