package httpapi

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
)

// listAwaiting lists the entries that wait for the national authority, in pages. They
// contain no personal data.
func (a *API) listAwaiting(r *request, by registry.Principal) (any, error) {
	after, err := afterQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	all, next, err := a.registry.Awaiting(r.Context(), by, after)
	if len(all) < registry.MaxAwaiting {
		next = "" // the end
	}
	return struct {
		Entries []entryRef `json:"entries"`
		Next    string     `json:"next,omitempty"`
	}{each(all, newRef), next}, err
}

// entryID is the form of a registry id: of an account or a passenger.
var entryID = regexp.MustCompile(`^(acc|psg)_[0-9a-f]{32}$`)

// afterQuery parses the only parameter of a paged list, strictly.
func afterQuery(raw string) (after string, err error) {
	if raw == "" {
		return "", nil
	}
	values, err := url.ParseQuery(raw)
	if after = values.Get("after"); err != nil || len(values) != 1 || len(values["after"]) != 1 || !entryID.MatchString(after) {
		return "", problem.New(QueryMalformed, "the only parameter is after, given once, with the value of next of the previous page")
	}
	return after, nil
}

// viewForAuthority returns an entry that waits for the authority.
func (a *API) viewForAuthority(r *request, by registry.Principal, in entryRef) (any, error) {
	return showEntry(r, by, in, a.registry.ViewForAuthority)
}

// settleForeign records the authority's result.
func (a *API) settleForeign(r *request, by registry.Principal, in struct {
	entryRef
	Version int64 `json:"version"`
	Matches *bool `json:"matches"`
}) (any, error) {
	if in.Matches == nil {
		return nil, malformed("matches is required, true or false")
	}
	entry, err := in.ref()
	if err != nil {
		return nil, err
	}
	return statusAnswer(a.registry.SettleForeign(r.Context(), registry.AuthorityResult{Principal: by, Entry: entry, Version: in.Version, Matches: *in.Matches}))
}

// readAuditLog returns audit entries: about one object to police desks, about all to
// operators. The reading is written to the audit log before the response.
func (a *API) readAuditLog(r *request, by registry.Principal) (any, error) {
	q, wrong := auditLogQuery(r.URL.RawQuery)
	object := q.Object
	if object == (audit.Object{}) {
		object = audit.Object{Kind: audit.AuditLog, ID: "all"}
	}
	entry, err := audit.By(by.By, q.ReadAction(), object, a.service.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	if wrong != nil {
		return nil, wrong
	}
	page, err := a.auditLog.Read(r.Context(), q)
	if err != nil {
		return nil, err
	}
	entry.Request = by.Request
	if err := a.auditLog.Note(r.Context(), entry); err != nil {
		return nil, err
	}
	// Forged entries are left out: operators find them with -verify-audit-log.
	all := slices.DeleteFunc(page.Records, func(r audit.Record) bool { return r.Forged != "" })
	return struct {
		Records []audit.Record `json:"records"`
		Next    string         `json:"next,omitempty"`
	}{each(all, func(r audit.Record) audit.Record {
		r.Proof = audit.Proof{} // for archives only
		return r
	}), page.Next}, nil
}

// auditLogQuery parses a query strictly: each name is known and occurs once, each number
// has one spelling. With an error it still returns whether the query names an object,
// which decides the action to authorize.
func auditLogQuery(raw string) (q audit.Query, err error) {
	invalid := func(detail string) error { return problem.New(audit.QueryInvalid, detail) }
	values, bad := url.ParseQuery(raw)
	if bad != nil {
		err = invalid("the query must have the form of a URL query")
	}
	number := func(name, text string, least int64) int64 {
		n, e := strconv.ParseInt(text, 10, 64)
		if e != nil || n < least || strconv.FormatInt(n, 10) != text {
			err = invalid(name + " must be a number from " + strconv.FormatInt(least, 10))
		}
		return n
	}
	for name, all := range values {
		if len(all) != 1 || all[0] == "" {
			err = invalid("each parameter must occur once and have a value")
		}
		switch name {
		case "from_ms":
			q.FromMs = number(name, all[0], 0)
		case "to_ms":
			q.ToMs = number(name, all[0], 1)
		case "kind":
			q.Object.Kind = audit.Kind(all[0])
		case "object":
			q.Object.ID = all[0]
		case "after":
			q.After = all[0]
		case "limit":
			// The audit log refuses values above its limit; below it the conversion is exact.
			q.Limit = int(min(number(name, all[0], 1), audit.MaxPage+1))
		default:
			err = invalid("parameters are from_ms, to_ms, kind, object, after and limit")
		}
	}
	return q, err
}

// anchor is a position of the audit log's chain and the hash there.
type anchor struct {
	Position int64      `json:"position"`
	Hash     audit.Hash `json:"hash"`
}

// chainBreak is the first position where the chain is wrong.
type chainBreak struct {
	Position int64  `json:"position"`
	From     int64  `json:"from"`
	ID       int64  `json:"id,omitempty"`
	Because  string `json:"because"`
}

// verifyAuditLog verifies a part of the audit log's chain and returns its entries. The reading is written to the
// audit log before the response.
func (a *API) verifyAuditLog(r *request, by registry.Principal) (any, error) {
	entry, err := audit.By(by.By, staff.VerifyAuditLog, audit.Object{Kind: audit.AuditLog, ID: "chain"}, a.service.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	after, limit, err := chainQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	p, err := a.auditLog.VerifyPage(r.Context(), after, limit)
	if err != nil {
		return nil, err
	}
	entry.Request, entry.Detail = by.Request, "after position "+strconv.FormatInt(after, 10)
	if err := a.auditLog.Note(r.Context(), entry); err != nil {
		return nil, err
	}
	out := struct {
		Base      anchor               `json:"base"`
		Head      anchor               `json:"head"`
		After     anchor               `json:"after"`
		Entries   []audit.ChainedEntry `json:"entries"`
		Broken    *chainBreak          `json:"broken,omitempty"`
		Unchained int64                `json:"unchained"`
		Oldest    int64                `json:"oldest_unchained_ms,omitempty"`
	}{anchor(p.Base), anchor(p.Head), anchor(p.After), each(p.Entries, func(e audit.ChainedEntry) audit.ChainedEntry {
		e.Proof = audit.Proof{} // for archives only
		return e
	}), nil, p.State.Unchained, p.State.OldestMs}
	if b := p.Broken; b != nil {
		out.Broken = &chainBreak{b.Position, b.From, b.Row, b.Because}
	}
	return out, nil
}

// chainQuery parses after and limit, strictly; each may be missing.
func chainQuery(raw string) (after int64, limit int, err error) {
	values, bad := url.ParseQuery(raw)
	limit = audit.DefaultPage
	for name, all := range values {
		n, e := strconv.ParseInt(all[0], 10, 64)
		if bad != nil || e != nil || len(all) != 1 || n < 0 || strconv.FormatInt(n, 10) != all[0] || name != "after" && name != "limit" {
			bad = problem.New(audit.QueryInvalid, "")
		}
		if name == "after" {
			after = n
		} else {
			limit = int(min(n, audit.MaxPage+1)) // VerifyPage refuses values outside its bounds
		}
	}
	if bad != nil {
		err = problem.New(audit.QueryInvalid, "parameters are after and limit, each once and a number")
	}
	return after, limit, err
}
