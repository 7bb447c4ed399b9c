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
