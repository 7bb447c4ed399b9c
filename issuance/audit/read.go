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

// Problems are the problems of reading the audit log.
var Problems problem.Table

// QueryInvalid is the problem of an invalid query.
var QueryInvalid = Problems.Add(422, "trail_query_invalid",
	"The audit log query is not valid.", "审计记录查询条件有误。",
	"Correct the query and send it again.", "请更正查询条件后重新提交。")

// Default and maximum size of a page, entries.
const (
	DefaultPage = 100
	MaxPage     = 500
)

// Query selects entries.
type Query struct {
	FromMs int64  // actions at or after, Unix ms
	ToMs   int64  // actions before, Unix ms; 0: no end
	Object Object // actions on this object, under its former kind too; zero: on any
	After  string // Next of the previous page; empty: begin with the newest
	Limit  int    // maximum number of entries, up to MaxPage; 0: DefaultPage
}

// Page is a page of entries, newest first.
type Page struct {
	Records []Record
	Next    string // for Query.After; empty: no older entries
}

// Read returns a page of a query. It includes unchained entries, which have position 0, and entries that will
// never be chained, which have Forged set. An entry that becomes visible late may be missing from a page that
// was read before. An invalid query is refused with QueryInvalid. The caller checks the permission, and writes
// the read to the audit log.
func (l *Log) Read(ctx context.Context, q Query) (p Page, err error) {
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
		return p, problem.New(QueryInvalid, "object must be an internal id, never a document number")
	}
	if q.After != "" {
		if after, err = parseCursor(q.After); err != nil {
			return p, problem.New(QueryInvalid, "after must be the next of an earlier page")
		}
	}
	where, args := `at_ms >= $1 AND at_ms < $2 AND (at_ms, id) < ($3, $4)`, []any{q.FromMs, q.ToMs, after.atMs, after.id, q.Limit + 1}
	if q.Object != (Object{}) {
		kind := `object_kind = $6`
		if q.Object.Kind == AuditLog {
			kind = `object_kind IN ($6, '` + string(formerAuditLog) + `')`
		}
		where += ` AND ` + kind + ` AND object = $7`
		args = append(args, string(q.Object.Kind), q.Object.ID)
	}
	err = l.db.View(ctx, "read the audit log", func(ctx context.Context, db database.Queries) (err error) {
		p.Records, err = database.All(ctx, db, scan, `SELECT `+columns+` FROM audit WHERE `+where+` ORDER BY at_ms DESC, id DESC LIMIT $5`, args...)
		if err != nil {
			return err
		}
		return l.markForged(ctx, db, p.Records)
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

// markForged sets Forged of the unchained entries that will never be chained.
func (l *Log) markForged(ctx context.Context, q database.Queries, records []Record) error {
	var open []Record
	for i := range records {
		if records[i].Position == 0 {
			open = append(open, records[i])
		}
	}
	if len(open) == 0 {
		return nil
	}
	pick, err := l.refusedFilter(ctx, q)
	if err != nil {
		return err
	}
	bad, err := pick(open)
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

// ReadAction returns the action that needs permission for the query: reading the entries of one object, or all
// entries.
func (q Query) ReadAction() staff.Action {
	if q.Object != (Object{}) {
		return staff.ReadObjectAuditLog
	}
	return staff.ReadAuditLog
}

// cursor identifies the last entry of a page.
type cursor struct{ atMs, id int64 }

func (c cursor) String() string {
	return strconv.FormatInt(c.atMs, 10) + "-" + strconv.FormatInt(c.id, 10)
}

// parseCursor accepts exactly the form of String.
func parseCursor(text string) (c cursor, err error) {
	at, id, _ := strings.Cut(text, "-")
	n, err1 := strconv.ParseInt(at, 10, 64)
	m, err2 := strconv.ParseInt(id, 10, 64)
	if c = (cursor{n, m}); err1 != nil || err2 != nil || n < 0 || m < 0 || c.String() != text {
		return cursor{}, errors.New("audit: not a cursor")
	}
	return c, nil
}
