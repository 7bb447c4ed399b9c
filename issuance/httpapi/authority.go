package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"regexp"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
)

// awaiting lists what waits for the national authority, page by page. It has
// nothing personal in it.
func (a *API) awaiting(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	after, err := afterQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	all, next, err := a.registry.Awaiting(r.Context(), by, after)
	if err != nil {
		return err
	}
	out := make([]entryRef, len(all))
	for i, ref := range all {
		out[i] = newRef(ref)
	}
	if len(all) < registry.MaxAwaiting {
		next = "" // the end
	}
	return writeJSON(w, http.StatusOK, struct {
		Entries []entryRef `json:"entries"`
		Next    string     `json:"next,omitempty"`
	}{out, next})
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
func (a *API) lookOfAuthority(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	return look(w, r, by, a.registry.ViewForAuthority)
}

// look shows an entry as it is to be compared with a document. That it was shown
// is in the trail before it is.
func look(w http.ResponseWriter, r *http.Request, by registry.Principal, sight func(context.Context, registry.Principal, registry.Ref) (registry.EntryView, error)) error {
	var in entryRef
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	return showEntry(w, r, by, in, sight)
}

func showEntry(w http.ResponseWriter, r *http.Request, by registry.Principal, in entryRef, sight func(context.Context, registry.Principal, registry.Ref) (registry.EntryView, error)) error {
	entry, err := in.ref()
	if err != nil {
		return err
	}
	s, err := sight(r.Context(), by, entry)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		entryRef
		person
		Status       string `json:"status"`
		Version      int64  `json:"version"`
		ProofNeeded  bool   `json:"proof_needed"`
		HolderNeeded bool   `json:"holder_original_needed,omitempty"`
		Lost         bool   `json:"identity_lost"`
	}{newRef(s.Ref), newPerson(s.Person), s.Status.String(), s.Version, s.ProofNeeded, s.HolderOriginalNeeded, s.Lost})
}

// settle takes what the authority found.
func (a *API) settle(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		entryRef
		Version int64 `json:"version"`
		Matches *bool `json:"matches"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if in.Matches == nil {
		return malformed("matches must be there, true or false")
	}
	entry, err := in.ref()
	if err != nil {
		return err
	}
	return becomes(w)(a.registry.SettleForeign(r.Context(), registry.AuthorityResult{Principal: by, Entry: entry, Version: in.Version, Matches: *in.Matches}))
}
