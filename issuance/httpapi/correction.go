package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// documentRead is a person as a clerk reads one from the original.
type documentRead struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality"`
	Substituted    bool   `json:"substituted"`
}

// rewritten is what a correction and a claim have in common.
type rewritten struct {
	Version int64 `json:"version"`
	documentRead
	original
	Delegated bool   `json:"delegated"`
	Proof     *proof `json:"proof"`
}

func (in rewritten) correction(by registry.Principal, entry registry.Ref) (c registry.Correction, err error) {
	if err := in.said(); err != nil {
		return c, err
	}
	c = registry.Correction{
		Principal: by, Entry: entry, Version: in.Version, As: in.entry(),
		Original: *in.Original, InDate: *in.InDate, Readable: *in.Readable, Delegated: in.Delegated,
	}
	c.Proof, err = in.Proof.read()
	return c, err
}

func (d documentRead) entry() rules.Entry {
	return rules.Entry{
		Name: d.Name, DocumentType: d.DocumentType, DocumentNumber: d.DocumentNumber, Nationality: d.Nationality, Substituted: d.Substituted,
	}
}

// correct writes the original over an identity that was checked wrongly.
func (a *API) correct(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		entryRef
		rewritten
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	entry, err := in.ref()
	if err != nil {
		return err
	}
	c, err := in.correction(by, entry)
	if err != nil {
		return err
	}
	return becomes(w)(a.registry.Correct(r.Context(), c))
}

// claimIdentity gives an identity to the account of its owner (rule B11).
func (a *API) claimIdentity(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	var in struct {
		Account string `json:"account"`
		rewritten
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	c, err := in.correction(by, registry.Ref{Account: in.Account})
	if err != nil {
		return err
	}
	return becomes(w)(a.registry.Claim(r.Context(), c))
}
