package httpapi

import (
	"net/url"
	"regexp"

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
