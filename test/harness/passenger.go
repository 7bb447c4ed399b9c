package harness

import (
	"net/http"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

// Evidence with which the face check sandbox passes or fails.
const (
	FacePasses = passenger.FacePasses
	FaceFails  = passenger.FaceFails
)

// ApplicationStatus is the status of an application.
type ApplicationStatus struct {
	Application, Status, Serial string
	RefusedFor                  string `json:"refused_for"`
	SubmittedAt                 int64  `json:"submitted_at"`
	ApprovedAt                  int64  `json:"approved_at"`
	ExpiresAt                   int64  `json:"expires_at"`
	RenewableAt                 int64  `json:"renewable_at"`
}

// Passenger is a person with an application, and the data of it on their phone.
type Passenger struct {
	h      *Harness
	Person Person
	Token  string // access token, or the token of a login
	ApplicationStatus

	session *passenger.Session // the session on the phone; without links the issuer makes the codes
}

// Apply submits an application of a person who is not logged in.
func (h *Harness) Apply(who Person) *Passenger {
	h.T.Helper()
	return h.applied(who, "", h.Call("POST", "/v1/applications", "", who.Application()))
}

func (h *Harness) applied(who Person, login string, a Answer) *Passenger {
	h.T.Helper()
	out := As[struct {
		ApplicationStatus
		Token string `json:"access_token"`
	}](h.T, a, http.StatusCreated)
	if login != "" {
		out.Token = login
	}
	return &Passenger{h: h, Person: who, Token: out.Token, ApplicationStatus: out.ApplicationStatus}
}

// Call sends a request about the application; path follows /v1/applications/{id}.
func (p *Passenger) Call(method, path string, body any) Answer {
	p.h.T.Helper()
	return p.h.Call(method, "/v1/applications/"+p.Application+path, p.Token, body)
}

// Now returns the current status of the application.
func (p *Passenger) Now() ApplicationStatus {
	p.h.T.Helper()
	return As[ApplicationStatus](p.h.T, p.Call("GET", "", nil), http.StatusOK)
}

// Check passes the face check and returns its ID; the first one approves the application.
func (p *Passenger) Check() (check string) {
	p.h.T.Helper()
	out := As[struct {
		Check       string
		Application ApplicationStatus
	}](p.h.T, p.TryCheck(FacePasses), http.StatusCreated)
	out.Application.Application = p.Application
	p.ApplicationStatus = out.Application
	return out.Check
}

// TryCheck runs a face check whose result the evidence decides.
func (p *Passenger) TryCheck(evidence string) Answer {
	p.h.T.Helper()
	return p.Call("POST", "/checks", Object{"evidence": evidence})
}

// Approved submits an application and passes the face check.
func (h *Harness) Approved(who Person) (p *Passenger, check string) {
	h.T.Helper()
	p = h.Apply(who)
	return p, p.Check()
}

// Showing returns a passenger whose phone shows a code.
func (h *Harness) Showing(who Person) *Passenger {
	h.T.Helper()
	p, check := h.Approved(who)
	p.Show(check)
	return p
}

// Show opens a session on a passed check; the phone makes the codes.
func (p *Passenger) Show(check string) {
	p.h.T.Helper()
	var err error
	p.session, err = p.h.client.Show(p.h.T.Context(), p.application(), check, tokens.Link{1, 2, 3})
	p.h.must(err)
}

// Host opens a session on a passed check; the issuer makes the codes.
func (p *Passenger) Host(check string) {
	p.h.T.Helper()
	var err error
	p.session, err = p.h.client.Host(p.h.T.Context(), p.application(), check)
	p.h.must(err)
}

func (p *Passenger) application() *passenger.Application {
	p.h.T.Helper()
	serial, err := tokens.ParseSerial(p.Serial)
	p.h.must(err)
	return &passenger.Application{ID: p.Application, Access: p.Token, Serial: serial}
}

// Step returns the session's current step.
func (p *Passenger) Step() int { return p.session.Step(p.h.Clock.Now()) }

// Code returns the code that the phone shows now. After the last step it is still the last code, as
// on a phone that is left alone.
func (p *Passenger) Code() string {
	p.h.T.Helper()
	if p.session.Links == nil {
		return As[struct{ Text string }](p.h.T, p.TryCode(), http.StatusOK).Text
	}
	return p.session.Text(p.h.Clock.Now())
}

// CodeAt returns the code of a step, made by the phone.
func (p *Passenger) CodeAt(step int) string {
	t := p.session.Code(step)
	return t.Text()
}

// TryCode asks the issuer for the code of a hosted session.
func (p *Passenger) TryCode() Answer {
	p.h.T.Helper()
	return p.h.Call("GET", p.session.CodePath(), p.Token, nil)
}

// Leave closes the page.
func (p *Passenger) Leave() Answer {
	p.h.T.Helper()
	return p.Call("POST", "/leave", Object{})
}

// TryView is [Harness.View] with any evidence and for any answer.
func (h *Harness) TryView(who Person, evidence string) Answer {
	h.T.Helper()
	return h.Call("POST", "/v1/viewings", "", Object{
		"name": who.Name, "document_type": who.DocumentType, "document_number": who.DocumentNumber, "evidence": evidence, "policy": Policy})
}

// View has a person who is not logged in return to their credential with a passed face check. It
// returns the check.
func (h *Harness) View(who Person) (p *Passenger, check string) {
	h.T.Helper()
	out := As[struct {
		Token       string `json:"access_token"`
		Check       string
		Application ApplicationStatus
	}](h.T, h.TryView(who, FacePasses), http.StatusCreated)
	return &Passenger{h: h, Person: who, Token: out.Token, ApplicationStatus: out.Application}, out.Check
}
