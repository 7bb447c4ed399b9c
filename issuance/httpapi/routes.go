package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
)

// Route is one operation of the public listener.
type Route struct{ Method, Path string }

type operation struct {
	Route
	serve handler
}

func (a *API) operations() []operation {
	return slices.Concat(a.forPassengers(), a.forAccounts(), a.registryOperations(), a.forStaff(), a.forMachines())
}

func (a *API) forPassengers() []operation {
	return []operation{
		{Route{"POST", "/v1/applications"}, a.limited(within(a.applying, anyone(withBody(201, a.apply))))},
		{Route{"POST", "/v1/location"}, within(a.locating, anyone(withBody(200, locate)))},
		{Route{"GET", "/v1/applications/{id}"}, a.holder(noBody(200, a.standing))},
		{Route{"GET", "/v1/applications/{id}/data"}, a.holder(noBody(200, a.applicationData))},
		{Route{"POST", "/v1/applications/{id}/checks"}, a.limited(a.holder(a.check))},
		{Route{"POST", "/v1/applications/{id}/decision"}, a.holder(withBody(200, a.decide))},
		{Route{"POST", "/v1/applications/{id}/sessions"}, a.holder(withBody(201, a.openSession))},
		{Route{"POST", "/v1/applications/{id}/leave"}, a.holder(withBody(204, a.closeViewing))},
		{Route{"POST", "/v1/viewings"}, a.limited(anyone(withBody(201, a.recoverAccess)))},
		{Route{"GET", "/v1/sessions/{id}/code"}, a.visitor(noBody(200, a.code))},
		{Route{"GET", "/v1/privacy-policy"}, anyone(noBody(200, a.privacyPolicy))},
		{Route{"GET", "/v1/contact"}, anyone(noBody(200, a.contact))},
	}
}

func (a *API) forAccounts() []operation {
	if a.accounts == nil {
		return nil
	}
	return []operation{
		{Route{"POST", "/v1/accounts"}, a.limited(anyone(withBody(201, a.register)))},
		{Route{"POST", "/v1/logins"}, a.limited(anyone(withBody(201, a.logIn)))},
		{Route{"DELETE", "/v1/logins"}, a.loggedIn(noBody(204, a.logOutEverywhere))},
		{Route{"DELETE", "/v1/logins/current"}, a.loggedIn(noBody(204, a.logOut))},
		{Route{"GET", "/v1/account"}, a.loggedIn(noBody(200, a.profile))},
		{Route{"PUT", "/v1/account"}, a.agreed(withBody(200, a.editProfile))},
		{Route{"PUT", "/v1/account/password"}, a.limited(a.loggedIn(withBody(204, a.changePassword)))},
		{Route{"POST", "/v1/account/phone/codes"}, a.limited(a.agreed(withBody(202, a.sendPhoneCode)))},
		{Route{"POST", "/v1/account/phone/verifications"}, a.limited(a.agreed(withBody(200, a.verifyPhone)))},
		{Route{"POST", "/v1/recoveries"}, a.limited(anyone(withBody(202, a.startRecovery)))},
		{Route{"POST", "/v1/recoveries/password"}, a.limited(anyone(withBody(200, a.finishRecovery)))},
		{Route{"POST", "/v1/account/codes"}, a.limited(a.agreed(withBody(201, a.makeCode)))},
		{Route{"POST", "/v1/account-codes"}, a.acting(a.redeemCode)},
		{Route{"POST", "/v1/account/consent"}, a.loggedIn(withBody(204, a.consent))},
		{Route{"GET", "/v1/account/applications"}, a.loggedIn(noBody(200, a.listApplications))},
		{Route{"GET", "/v1/account/data"}, a.loggedIn(noBody(200, a.accountData))},
		{Route{"POST", "/v1/account/close"}, a.limited(a.loggedIn(withBody(204, a.closeAccount)))},
	}
}

// registryOperations are those of the real-name registry (rule B). Whatever is
// personal stands in a body, never in a path or a query.
func (a *API) registryOperations() []operation {
	if a.registry == nil {
		return nil
	}
	return []operation{
		{Route{"GET", "/v1/account/passengers"}, a.loggedIn(noBody(200, a.listPassengers))},
		{Route{"POST", "/v1/account/passengers"}, a.agreed(withBody(201, a.addPassenger))},
		{Route{"PUT", "/v1/account/passengers/{id}"}, a.agreed(withBody(200, a.editPassenger))},
		{Route{"DELETE", "/v1/account/passengers/{id}"}, a.loggedIn(noBody(204, a.deletePassenger))},
		{Route{"POST", "/v1/account/verification"}, a.limited(a.agreed(withBody(200, a.verifyOnline)))},
		{Route{"GET", "/v1/account/close"}, a.loggedIn(noBody(200, a.previewClosing))},

		{Route{"POST", "/v1/decisions"}, a.acting(withBody(200, a.askDecision))},
		{Route{"POST", "/v1/tickets"}, a.acting(withBody(204, a.reportTickets))},

		{Route{"POST", "/v1/counter/searches"}, a.acting(withBody(200, a.search))},
		{Route{"POST", "/v1/counter/looks"}, a.acting(withBody(200, a.lookAtCounter))},
		{Route{"POST", "/v1/counter/verifications"}, a.acting(withBody(200, a.verify))},
		{Route{"POST", "/v1/counter/corrections"}, a.acting(withBody(200, a.correct))},
		{Route{"POST", "/v1/counter/duplicates"}, a.acting(withBody(204, a.freeIdentity))},
		{Route{"POST", "/v1/counter/claims"}, a.acting(withBody(200, a.claimIdentity))},
		{Route{"POST", "/v1/counter/services"}, a.acting(withBody(200, a.askService))},

		{Route{"GET", "/v1/authority/awaiting"}, a.acting(noBody(200, a.awaiting))},
		{Route{"POST", "/v1/authority/looks"}, a.acting(withBody(200, a.lookOfAuthority))},
		{Route{"POST", "/v1/authority/results"}, a.acting(withBody(200, a.settleForeign))},
	}
}

const subjectsPath = "/v1/subjects"

func (a *API) forStaff() []operation {
	all := []operation{
		{Route{"GET", "/v1/credentials/{serial}"}, a.acting(noBody(200, a.lookUp))},
		{Route{"POST", "/v1/credentials/{serial}/revoke"}, a.acting(withBody(202, a.revoke))},
		{Route{"POST", "/v1/credentials/{serial}/unrevoke"}, a.acting(withBody(202, a.unrevoke))},
		{Route{"POST", "/v1/identifications"}, a.acting(may(staff.Identify, withBody(200, a.identify)))},
		{Route{"POST", subjectsPath}, a.acting(may(staff.DeriveSubjects, withBodyUpTo(MaxSubjectsBody, 200, a.subjects)))},
		{Route{"POST", "/v1/paper-proofs"}, a.acting(withBody(201, a.issuePaperProof))},
	}
	if a.auditLog != nil {
		all = append(all, operation{Route{"GET", "/v1/audit-log"}, a.acting(noBody(200, a.readAuditLog))})
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
		mux.Handle(p, a.answer(routeNone, func(w http.ResponseWriter, _ *request) error {
			w.Header().Set("Allow", allow)
			return &problem.Error{Code: MethodNotAllowed}
		}))
	}
	mux.Handle("/", a.answer(routeNone, notFound))
	return mux
}

func notFound(http.ResponseWriter, *request) error {
	return &problem.Error{Code: NotFound}
}
