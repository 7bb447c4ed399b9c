package httpapi

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
)

// awaiting lists what waits for the national authority, page by page. It has
// nothing personal in it.
func (a *API) awaiting(r *request, by registry.Principal) (any, error) {
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

// entryID is the form of an id of the registry: of an account or of a passenger.
var entryID = regexp.MustCompile(`^(acc|psg)_[0-9a-f]{32}$`)

// afterQuery reads the one parameter of a paged list, strictly.
func afterQuery(raw string) (after string, err error) {
	if raw == "" {
		return "", nil
	}
	values, err := url.ParseQuery(raw)
	if after = values.Get("after"); err != nil || len(values) != 1 || len(values["after"]) != 1 || !entryID.MatchString(after) {
		return "", problem.New(QueryMalformed, "the one parameter is after: once, with what the page before gave as next")
	}
	return after, nil
}

// lookOfAuthority shows the authority an entry that waits for it.
func (a *API) lookOfAuthority(r *request, by registry.Principal, in entryRef) (any, error) {
	return showEntry(r, by, in, a.registry.ViewForAuthority)
}

// settleForeign takes what the authority found.
func (a *API) settleForeign(r *request, by registry.Principal, in struct {
	entryRef
	Version int64 `json:"version"`
	Matches *bool `json:"matches"`
}) (any, error) {
	if in.Matches == nil {
		return nil, malformed("matches must be there, true or false")
	}
	entry, err := in.ref()
	if err != nil {
		return nil, err
	}
	return statusAnswer(a.registry.SettleForeign(r.Context(), registry.AuthorityResult{Principal: by, Entry: entry, Version: in.Version, Matches: *in.Matches}))
}

// readAuditLog tells staff what was done: the police desk to one object, operators
// to all. Who read what is in the trail before the answer is told.
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
	// An entry that no issuer wrote is for operators to find out about, by -verify-audit-log.
	all := slices.DeleteFunc(page.Records, func(r audit.Record) bool { return r.Forged != "" })
	return struct {
		Records []audit.Record `json:"records"`
		Next    string         `json:"next,omitempty"`
	}{each(all, func(r audit.Record) audit.Record {
		r.Proof = audit.Proof{} // for archives: it says nothing to staff
		return r
	}), page.Next}, nil
}

// auditLogQuery reads a query strictly: each name is known and stands once, each
// number has one spelling. On an error the query tells at least whether it was
// for one object.
func auditLogQuery(raw string) (q audit.Query, err error) {
	invalid := func(detail string) error { return problem.New(audit.QueryInvalid, detail) }
	values, bad := url.ParseQuery(raw)
	if bad != nil {
		err = invalid("the query is not in the form of a URL")
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
			err = invalid("a parameter must stand once and say something")
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
			// The trail refuses what is above its bound; below it nothing is lost in int.
			q.Limit = int(min(number(name, all[0], 1), audit.MaxPage+1))
		default:
			err = invalid("parameters are from_ms, to_ms, kind, object, after and limit")
		}
	}
	return q, err
}
