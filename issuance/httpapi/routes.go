package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/railgate/railgate/issuance/problem"
)

// Route is one operation of the public listener.
type Route struct{ Method, Path string }

// handler answers a request or returns why not: *refusal.Refusal is told to
// the caller, every other error to the log only.
type handler func(w http.ResponseWriter, r *http.Request) error

type operation struct {
	Route
	serve handler
}

func (a *API) operations() []operation {
	return slices.Concat(a.forPassengers(), a.forAccounts(), a.registryOperations(), a.forStaff(), a.forMachines())
}

func (a *API) forPassengers() []operation {
	return []operation{
		{Route{"POST", "/v1/applications"}, a.limited(a.within(a.applying, a.apply))},
		{Route{"POST", "/v1/location"}, a.within(a.locating, locate)},
		{Route{"GET", "/v1/applications/{id}"}, a.holder(a.standing)},
		{Route{"GET", "/v1/applications/{id}/data"}, a.holder(a.held)},
		{Route{"POST", "/v1/applications/{id}/checks"}, a.limited(a.holder(a.check))},
		{Route{"POST", "/v1/applications/{id}/decision"}, a.holder(a.decide)},
		{Route{"POST", "/v1/applications/{id}/sessions"}, a.holder(a.openSession)},
		{Route{"POST", "/v1/applications/{id}/leave"}, a.holder(a.leave)},
		{Route{"POST", "/v1/viewings"}, a.limited(a.reenter)},
		{Route{"GET", "/v1/sessions/{id}/code"}, a.code},
		{Route{"GET", "/v1/privacy-policy"}, a.privacyPolicy},
		{Route{"GET", "/v1/contact"}, a.contact},
	}
}

func (a *API) forAccounts() []operation {
	if a.accounts == nil {
		return nil
	}
	return []operation{
		{Route{"POST", "/v1/accounts"}, a.limited(a.register)},
		{Route{"POST", "/v1/logins"}, a.limited(a.logIn)},
		{Route{"DELETE", "/v1/logins"}, a.loggedIn(a.logOutEverywhere)},
		{Route{"DELETE", "/v1/logins/current"}, a.loggedIn(a.logOut)},
		{Route{"GET", "/v1/account"}, a.loggedIn(a.profile)},
		{Route{"PUT", "/v1/account"}, a.agreed(a.editProfile)},
		{Route{"PUT", "/v1/account/password"}, a.limited(a.loggedIn(a.changePassword))},
		{Route{"POST", "/v1/account/phone/codes"}, a.limited(a.agreed(a.sendPhoneCode))},
		{Route{"POST", "/v1/account/phone/verifications"}, a.limited(a.agreed(a.verifyPhone))},
		{Route{"POST", "/v1/recoveries"}, a.limited(a.startRecovery)},
		{Route{"POST", "/v1/recoveries/password"}, a.limited(a.finishRecovery)},
		{Route{"POST", "/v1/account/codes"}, a.limited(a.agreed(a.makeCode))},
		{Route{"POST", "/v1/account-codes"}, a.acting(a.redeemCode)},
		{Route{"POST", "/v1/account/consent"}, a.loggedIn(a.consent)},
		{Route{"GET", "/v1/account/applications"}, a.loggedIn(a.listed)},
		{Route{"GET", "/v1/account/data"}, a.loggedIn(a.accountData)},
		{Route{"POST", "/v1/account/close"}, a.limited(a.loggedIn(a.closeAccount))},
	}
}

// registryOperations are those of the real-name registry (rule B). Whatever is
// personal stands in a body, never in a path or a query.
func (a *API) registryOperations() []operation {
	if a.registry == nil {
		return nil
	}
	return []operation{
		{Route{"GET", "/v1/account/passengers"}, a.loggedIn(a.listPassengers)},
		{Route{"POST", "/v1/account/passengers"}, a.agreed(a.addPassenger)},
		{Route{"PUT", "/v1/account/passengers/{id}"}, a.agreed(a.editPassenger)},
		{Route{"DELETE", "/v1/account/passengers/{id}"}, a.loggedIn(a.deletePassenger)},
		{Route{"POST", "/v1/account/verification"}, a.limited(a.agreed(a.verifyOnline))},
		{Route{"GET", "/v1/account/close"}, a.loggedIn(a.ifClosed)},

		{Route{"POST", "/v1/decisions"}, a.acting(a.askDecision)},
		{Route{"POST", "/v1/tickets"}, a.acting(a.reportTickets)},

		{Route{"POST", "/v1/counter/searches"}, a.acting(a.search)},
		{Route{"POST", "/v1/counter/looks"}, a.acting(a.lookAtCounter)},
		{Route{"POST", "/v1/counter/verifications"}, a.acting(a.verify)},
		{Route{"POST", "/v1/counter/corrections"}, a.acting(a.correct)},
		{Route{"POST", "/v1/counter/duplicates"}, a.acting(a.freeIdentity)},
		{Route{"POST", "/v1/counter/claims"}, a.acting(a.claimIdentity)},
		{Route{"POST", "/v1/counter/services"}, a.acting(a.askService)},

		{Route{"GET", "/v1/authority/awaiting"}, a.acting(a.awaiting)},
		{Route{"POST", "/v1/authority/looks"}, a.acting(a.lookOfAuthority)},
		{Route{"POST", "/v1/authority/results"}, a.acting(a.settle)},
	}
}

const subjectsPath = "/v1/subjects"

func (a *API) forStaff() []operation {
	all := []operation{
		{Route{"GET", "/v1/credentials/{serial}"}, a.lookUp},
		{Route{"POST", "/v1/credentials/{serial}/revoke"}, a.revoke},
		{Route{"POST", "/v1/credentials/{serial}/unrevoke"}, a.unrevoke},
		{Route{"POST", "/v1/identifications"}, a.acting(a.identify)},
		{Route{"POST", subjectsPath}, a.acting(a.subjects)},
		{Route{"POST", "/v1/paper-proofs"}, a.issuePaperProof},
	}
	if a.trail != nil {
		all = append(all, operation{Route{"GET", "/v1/trail"}, a.readTrail})
	}
	return all
}

func (a *API) forMachines() []operation {
	all := []operation{
		{Route{"GET", "/healthz"}, healthz},
		{Route{"GET", "/readyz"}, a.readyz},
	}
	if a.callback != nil {
		all = append(all, operation{Route{"POST", callbackPath}, a.calledBack})
	}
	return all
}

// Routes lists every operation of the public listener.
func (a *API) Routes() []Route {
	var all []Route
	for _, o := range a.operations() {
		all = append(all, o.Route)
	}
	return all
}

// routeNone stands for a request that no operation serves: a label must not be
// chosen by the caller.
const routeNone = "none"

func (a *API) mux() *http.ServeMux {
	mux := http.NewServeMux()
	allowed := make(map[string][]string)
	for _, o := range a.operations() {
		mux.Handle(o.Method+" "+o.Path, a.answer(o.Method+" "+o.Path, o.serve))
		allowed[o.Path] = append(allowed[o.Path], o.Method)
		if o.Method == http.MethodGet {
			allowed[o.Path] = append(allowed[o.Path], http.MethodHead)
		}
	}
	for p, methods := range allowed {
		allow := strings.Join(methods, ", ")
		mux.Handle(p, a.answer(routeNone, func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Allow", allow)
			return &problem.Error{Code: MethodNotAllowed}
		}))
	}
	mux.Handle("/", a.answer(routeNone, notFound))
	return mux
}

func notFound(http.ResponseWriter, *http.Request) error {
	return &problem.Error{Code: NotFound}
}
