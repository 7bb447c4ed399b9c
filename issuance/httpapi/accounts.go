package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
)

// entered is an identity and a contact as somebody typed them.
type entered struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality"`
	Substituted    bool   `json:"substituted"`
	Phone          string `json:"phone"`
	Email          string `json:"email"`
}

func (e entered) identity() account.EnteredIdentity {
	document, _ := identity.ParseKnown(e.DocumentType) // the account refuses 0 in its turn
	return account.EnteredIdentity{Name: e.Name, Document: document, Number: e.DocumentNumber, Nationality: e.Nationality, Substituted: e.Substituted}
}

func (e entered) contact() account.Contact { return account.Contact{Phone: e.Phone, Email: e.Email} }

// register makes an account. Logging in is the next step.
func (a *API) register(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		LoginName string `json:"login_name"`
		Password  string `json:"password"`
		Policy    string `json:"policy"`
		entered
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	id, err := a.accounts.Register(r.Context(), account.Registration{
		Login: in.LoginName, Password: in.Password, Identity: in.identity(), Contact: in.contact(), Policy: in.Policy,
	}, from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, struct {
		Account string `json:"account"`
	}{id})
}

// closeAccount ends the account and deletes what it holds. It takes the
// password: whoever picks up somebody's phone must not get further.
func (a *API) closeAccount(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	if err := a.accounts.Close(r.Context(), h, in.Password, from); err != nil {
		return err
	}
	return noContent(w)
}
