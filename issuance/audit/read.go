package audit

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
)

// Problems are those of reading the trail.
var Problems problem.Table

// QueryInvalid refuses a question that cannot be asked.
var QueryInvalid = Problems.Add(422, "trail_query_invalid",
	"The audit log query is not valid.", "审计记录查询条件有误。",
	"Correct the search and send it again.", "请更正查询条件后重新提交。")

// Bounds of a page, entries.
const (
	DefaultPage = 100
	MaxPage     = 500
)

// Query asks for entries.
type Query struct {
	FromMs int64  // acts at or after, Unix ms
	ToMs   int64  // acts before, Unix ms; 0: no end
	Object Object // acts on this object only; zero: on any
	After  string // the Next of the page before; empty: the newest
	Limit  int    // entries at most, to MaxPage; 0: DefaultPage
}

// Page is an answer, newest first.
type Page struct {
	Records []Record
	Next    string // for Query.After; empty: nothing older
}

// Read answers a query; it takes in entries that are not sealed yet, which have
// position 0, and those that never will be, which have Forged. An entry that becomes visible late may belong to a page that was
// read already. What is wrong with a query is refused as QueryInvalid. Who may ask
// is the caller's to decide, and to write into the trail.
func (t *Log) Read(ctx context.Context, q Query) (p Page, err error) {
	if q.Limit == 0 {
		q.Limit = DefaultPage
	}
	if q.ToMs == 0 {
		q.ToMs = math.MaxInt64
	}
	after := cursor{math.MaxInt64, math.MaxInt64}
	switch {
	case q.Limit < 0 || q.Limit > MaxPage:
		return p, problem.New(QueryInvalid, "limit must be 1 to "+strconv.Itoa(MaxPage))
	case q.FromMs < 0 || q.ToMs <= q.FromMs:
		return p, problem.New(QueryInvalid, "the time range must end after it begins")
	case q.Object != (Object{}) && q.Object.check() != nil:
		return p, problem.New(QueryInvalid, q.Object.check().Error())
	case showsNumber(q.Object.ID):
		return p, problem.New(QueryInvalid, "object must be an id of ours, never a document number")
	}
	if q.After != "" {
		if after, err = parseCursor(q.After); err != nil {
			return p, problem.New(QueryInvalid, "after must be what a page before gave")
		}
	}
	where, args := `at_ms >= $1 AND at_ms < $2 AND (at_ms, id) < ($3, $4)`, []any{q.FromMs, q.ToMs, after.atMs, after.id, q.Limit + 1}
	if q.Object != (Object{}) {
		where += ` AND object_kind = $6 AND object = $7`
		args = append(args, string(q.Object.Kind), q.Object.ID)
	}
	err = t.db.View(ctx, "read the trail", func(ctx context.Context, db database.Queries) (err error) {
		p.Records, err = database.All(ctx, db, scan, `SELECT `+columns+` FROM audit WHERE `+where+` ORDER BY at_ms DESC, id DESC LIMIT $5`, args...)
		if err != nil {
			return err
		}
		return t.markForged(ctx, db, p.Records)
	})
	if err != nil {
		return Page{}, err
	}
	if len(p.Records) > q.Limit {
		p.Records = p.Records[:q.Limit]
		last := p.Records[q.Limit-1]
		p.Next = cursor{last.AtMs, last.ID}.String()
	}
	return p, nil
}

// markForged says of entries that are not sealed whether they ever will be.
func (t *Log) markForged(ctx context.Context, q database.Queries, records []Record) error {
	var waiting []Record
	for i := range records {
		if records[i].Position == 0 {
			waiting = append(waiting, records[i])
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	pick, err := t.neverSealed(ctx, q)
	if err != nil {
		return err
	}
	bad, err := pick(waiting)
	if err != nil {
		return err
	}
	why := make(map[int64]string, len(bad))
	for _, b := range bad {
		why[b.row] = b.why
	}
	for i := range records {
		records[i].Forged = why[records[i].ID]
	}
	return nil
}

// ReadAction is the action that a query is for the rule sheet: the trail of one
// object, or of everybody.
func (q Query) ReadAction() staff.Action {
	if q.Object != (Object{}) {
		return staff.ReadObjectAuditLog
	}
	return staff.ReadAuditLog
}

// cursor is the last entry that somebody has read.
type cursor struct{ atMs, id int64 }

func (c cursor) String() string {
	return strconv.FormatInt(c.atMs, 10) + "-" + strconv.FormatInt(c.id, 10)
}

// parseCursor reads what String writes, and only that.
func parseCursor(text string) (c cursor, err error) {
	at, id, _ := strings.Cut(text, "-")
	n, err1 := strconv.ParseInt(at, 10, 64)
	m, err2 := strconv.ParseInt(id, 10, 64)
	if c = (cursor{n, m}); err1 != nil || err2 != nil || n < 0 || m < 0 || c.String() != text {
		return cursor{}, errors.New("audit: not a cursor")
	}
	return c, nil
}
