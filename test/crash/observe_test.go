package crash

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// rows are the rows of the database at one time that the test checks.
type rows struct {
	applications map[string]*applicationRow
	credentials  map[tokens.Serial]*credentialRow
	checks       map[string]*checkRow
	sessions     map[string]*sessionRow
	persons      map[string]tokens.Serial
	quotas       map[quota]int
	nextIndex    map[uint16]uint32
	accounts     map[string]int // consents
	logins       map[string]*loginRow
	acts         map[act]int // in the audit log
	epoch        uint64
	nextNumber   map[int]uint64 // of a partition
	waiting      int
	forgiven     map[tokens.Serial]int64
}

type applicationRow struct {
	access, person, account string
	state                   credential.State
	credential              *credentialRow // nil: none
	checks                  int
}

type credentialRow struct {
	serial                tokens.Serial
	application           string
	approvedMs, expiresMs int64
	changedMs             int64
	revokedMs             int64 // 0: active
	superseded            bool
	decisions             []decisionRow // in their order
}

type decisionRow struct {
	unrevoked   bool
	reason, who string
	atMs        int64
}

type checkRow struct {
	application string
	used        bool
	sessions    int
}

type sessionRow struct {
	application, check, login string
	startMs, closedMs         int64
	closed, secrets           bool
}

type loginRow struct {
	hash  string
	ended bool
}

// quota names a person's approvals of a month.
type quota struct {
	person string
	month  int
}

// act is an entry of the audit log.
type act struct {
	who, action, object, detail string
	atMs                        int64
}

// observe reads the rows in one transaction: PostgreSQL server processes of a dead client may still
// be working.
func observe(t *testing.T, db *database.DB) *rows {
	t.Helper()
	ctx := t.Context()
	level := sql.LevelDefault
	if db.Name == "postgres" {
		level = sql.LevelRepeatableRead
	}
	tx, err := db.Writer().BeginTx(ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	r := &rows{
		applications: map[string]*applicationRow{}, credentials: map[tokens.Serial]*credentialRow{}, checks: map[string]*checkRow{},
		sessions: map[string]*sessionRow{}, persons: map[string]tokens.Serial{}, quotas: map[quota]int{}, nextIndex: map[uint16]uint32{},
		accounts: map[string]int{}, logins: map[string]*loginRow{}, acts: map[act]int{}, nextNumber: map[int]uint64{}, forgiven: map[tokens.Serial]int64{},
	}
	for _, table := range []func(context.Context, *sql.Tx) error{r.readApplications, r.readCredentials, r.readPages, r.readAccounts, r.readStream} {
		if err := table(ctx, tx); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// each scans every row of a query into to and then calls keep.
func each(ctx context.Context, tx *sql.Tx, query string, keep func(), to ...any) error {
	err := database.Each(ctx, tx, func(rows *sql.Rows) error {
		err := rows.Scan(to...)
		if err == nil {
			keep()
		}
		return err
	}, query)
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

func (r *rows) readApplications(ctx context.Context, tx *sql.Tx) error {
	var id, account string
	var access, person []byte
	var state credential.State
	return each(ctx, tx, `SELECT id, access_hash, person, COALESCE(account, ''), state FROM applications`, func() {
		r.applications[id] = &applicationRow{access: string(access), person: string(person), account: account, state: state}
	}, &id, &access, &person, &account, &state)
}

func (r *rows) readCredentials(ctx context.Context, tx *sql.Tx) error {
	var c credentialRow
	err := each(ctx, tx, `SELECT day, idx, application, approved_ms, expires_ms, changed_ms, COALESCE(revoked_ms, 0), superseded FROM credentials`, func() {
		row := c
		r.credentials[c.serial], r.applications[c.application].credential = &row, &row
	}, &c.serial.Day, &c.serial.Index, &c.application, &c.approvedMs, &c.expiresMs, &c.changedMs, &c.revokedMs, &c.superseded)
	if err != nil {
		return err
	}
	var serial tokens.Serial
	var w decisionRow
	err = each(ctx, tx, `SELECT day, idx, unrevoked, reason, who, at_ms FROM revocations ORDER BY id`, func() {
		c := r.credentials[serial]
		c.decisions = append(c.decisions, w)
	}, &serial.Day, &serial.Index, &w.unrevoked, &w.reason, &w.who, &w.atMs)
	if err != nil {
		return err
	}
	var person []byte
	var day, index sql.NullInt64
	err = each(ctx, tx, `SELECT person, day, idx FROM persons`, func() {
		r.persons[string(person)] = tokens.Serial{Day: uint16(day.Int64), Index: uint32(index.Int64)}
	}, &person, &day, &index)
	if err != nil {
		return err
	}
	var atMs int64
	err = each(ctx, tx, `SELECT day, idx, at_ms FROM forgiven`, func() { r.forgiven[serial] = atMs }, &serial.Day, &serial.Index, &atMs)
	if err != nil {
		return err
	}
	var q quota
	var used int
	err = each(ctx, tx, `SELECT person, month, used FROM quotas`, func() {
		q.person = string(person)
		r.quotas[q] = used
	}, &person, &q.month, &used)
	if err != nil {
		return err
	}
	return each(ctx, tx, `SELECT day, next_index FROM serials`, func() { r.nextIndex[serial.Day] = serial.Index }, &serial.Day, &serial.Index)
}

func (r *rows) readPages(ctx context.Context, tx *sql.Tx) error {
	var id string
	var c checkRow
	err := each(ctx, tx, `SELECT id, application, used_ms IS NOT NULL FROM checks`, func() {
		row := c
		r.checks[id] = &row
		r.applications[c.application].checks++
	}, &id, &c.application, &c.used)
	if err != nil {
		return err
	}
	var s sessionRow
	return each(ctx, tx, `SELECT id, application, check_id, COALESCE(login, ''), start_ms, COALESCE(closed_ms, 0), closed_ms IS NOT NULL, pass IS NOT NULL OR seed IS NOT NULL FROM sessions`, func() {
		row := s
		r.sessions[id] = &row
		r.checks[s.check].sessions++
	}, &id, &s.application, &s.check, &s.login, &s.startMs, &s.closedMs, &s.closed, &s.secrets)
}

func (r *rows) readAccounts(ctx context.Context, tx *sql.Tx) error {
	var id string
	var n int
	err := each(ctx, tx, `SELECT id, (SELECT COUNT(*) FROM consents WHERE account = accounts.id) FROM accounts`, func() { r.accounts[id] = n }, &id, &n)
	if err != nil {
		return err
	}
	var hash []byte
	var l loginRow
	return each(ctx, tx, `SELECT id, token_hash, ended_ms IS NOT NULL FROM logins`, func() {
		r.logins[id] = &loginRow{string(hash), l.ended}
	}, &id, &hash, &l.ended)
}

func (r *rows) readStream(ctx context.Context, tx *sql.Tx) error {
	var a act
	err := each(ctx, tx, `SELECT who, action, object_kind || ' ' || object, detail, at_ms FROM audit`, func() { r.acts[a]++ },
		&a.who, &a.action, &a.object, &a.detail, &a.atMs)
	if err != nil {
		return err
	}
	if err := each(ctx, tx, `SELECT epoch FROM stream`, func() {}, &r.epoch); err != nil {
		return err
	}
	var partition int
	var next uint64
	if err := each(ctx, tx, `SELECT partition, next_seq FROM stream_partitions`, func() { r.nextNumber[partition] = next }, &partition, &next); err != nil {
		return err
	}
	return each(ctx, tx, `SELECT COUNT(*) FROM outbox`, func() {}, &r.waiting)
}
