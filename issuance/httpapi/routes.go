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
		{Route{"POST", "/v1/applications"}, a.rateLimited(limitedBy(a.applying, anyone(withBody(201, a.submitApplication))))},
		{Route{"POST", "/v1/location"}, limitedBy(a.locating, anyone(withBody(200, locate)))},
		{Route{"GET", "/v1/applications/{id}"}, a.ownerOnly(withoutBody(200, a.showApplication))},
		{Route{"GET", "/v1/applications/{id}/data"}, a.ownerOnly(withoutBody(200, a.applicationData))},
		{Route{"POST", "/v1/applications/{id}/checks"}, a.rateLimited(a.ownerOnly(a.checkFace))},
		{Route{"POST", "/v1/applications/{id}/decision"}, a.ownerOnly(withBody(200, a.resumeDecision))},
		{Route{"POST", "/v1/applications/{id}/sessions"}, a.ownerOnly(withBody(201, a.openSession))},
		{Route{"POST", "/v1/applications/{id}/leave"}, a.ownerOnly(withBody(204, a.closeViewing))},
		{Route{"POST", "/v1/viewings"}, a.rateLimited(anyone(withBody(201, a.recoverAccess)))},
		{Route{"GET", "/v1/sessions/{id}/code"}, a.visitor(withoutBody(200, a.sessionCode))},
		{Route{"GET", "/v1/privacy-policy"}, anyone(withoutBody(200, a.privacyPolicy))},
		{Route{"GET", "/v1/contact"}, anyone(withoutBody(200, a.contact))},
	}
}

func (a *API) forAccounts() []operation {
	if a.accounts == nil {
		return nil
	}
	return []operation{
		{Route{"POST", "/v1/accounts"}, a.rateLimited(anyone(withBody(201, a.register)))},
		{Route{"POST", "/v1/logins"}, a.rateLimited(anyone(withBody(201, a.logIn)))},
		{Route{"DELETE", "/v1/logins"}, a.loggedIn(withoutBody(204, a.logOutEverywhere))},
		{Route{"DELETE", "/v1/logins/current"}, a.loggedIn(withoutBody(204, a.logOut))},
		{Route{"GET", "/v1/account"}, a.loggedIn(withoutBody(200, a.profile))},
		{Route{"PUT", "/v1/account"}, a.withConsent(withBody(200, a.editProfile))},
		{Route{"PUT", "/v1/account/password"}, a.rateLimited(a.loggedIn(withBody(204, a.changePassword)))},
		{Route{"POST", "/v1/account/phone/codes"}, a.rateLimited(a.withConsent(withBody(202, a.sendPhoneCode)))},
		{Route{"POST", "/v1/account/phone/verifications"}, a.rateLimited(a.withConsent(withBody(200, a.verifyPhone)))},
		{Route{"POST", "/v1/recoveries"}, a.rateLimited(anyone(withBody(202, a.startRecovery)))},
		{Route{"POST", "/v1/recoveries/password"}, a.rateLimited(anyone(withBody(200, a.finishRecovery)))},
		{Route{"POST", "/v1/account/codes"}, a.rateLimited(a.withConsent(withBody(201, a.makeCode)))},
		{Route{"POST", "/v1/account-codes"}, a.asStaff(a.redeemCode)},
		{Route{"POST", "/v1/account/consent"}, a.loggedIn(withBody(204, a.consent))},
		{Route{"GET", "/v1/account/applications"}, a.loggedIn(withoutBody(200, a.listApplications))},
		{Route{"GET", "/v1/account/data"}, a.loggedIn(withoutBody(200, a.accountData))},
		{Route{"POST", "/v1/account/close"}, a.rateLimited(a.loggedIn(withBody(204, a.closeAccount)))},
	}
}

// registryOperations are the operations of the real-name registry (rule B). Personal data
// are in bodies only, never in a path or query.
func (a *API) registryOperations() []operation {
	if a.registry == nil {
		return nil
	}
	return []operation{
		{Route{"GET", "/v1/account/passengers"}, a.loggedIn(withoutBody(200, a.listPassengers))},
		{Route{"POST", "/v1/account/passengers"}, a.withConsent(withBody(201, a.addPassenger))},
		{Route{"PUT", "/v1/account/passengers/{id}"}, a.withConsent(withBody(200, a.editPassenger))},
		{Route{"DELETE", "/v1/account/passengers/{id}"}, a.loggedIn(withoutBody(204, a.deletePassenger))},
		{Route{"POST", "/v1/account/verification"}, a.rateLimited(a.withConsent(withBody(200, a.verifyOnline)))},
		{Route{"GET", "/v1/account/close"}, a.loggedIn(withoutBody(200, a.previewClosing))},

		{Route{"POST", "/v1/decisions"}, a.asStaff(withBody(200, a.decideTicketing))},
		{Route{"POST", "/v1/tickets"}, a.asStaff(withBody(204, a.reportTickets))},

		{Route{"POST", "/v1/counter/searches"}, a.asStaff(withBody(200, a.searchEntries))},
		{Route{"POST", "/v1/counter/looks"}, a.asStaff(withBody(200, a.viewAtCounter))},
		{Route{"POST", "/v1/counter/verifications"}, a.asStaff(withBody(200, a.verifyEntry))},
		{Route{"POST", "/v1/counter/corrections"}, a.asStaff(withBody(200, a.correctEntry))},
		{Route{"POST", "/v1/counter/duplicates"}, a.asStaff(withBody(204, a.freeIdentity))},
		{Route{"POST", "/v1/counter/claims"}, a.asStaff(withBody(200, a.claimIdentity))},
		{Route{"POST", "/v1/counter/services"}, a.asStaff(withBody(200, a.decideService))},

		{Route{"GET", "/v1/authority/awaiting"}, a.asStaff(withoutBody(200, a.listAwaiting))},
		{Route{"POST", "/v1/authority/looks"}, a.asStaff(withBody(200, a.viewForAuthority))},
		{Route{"POST", "/v1/authority/results"}, a.asStaff(withBody(200, a.settleForeign))},
	}
}

const subjectsPath = "/v1/subjects"

func (a *API) forStaff() []operation {
	all := []operation{
		{Route{"GET", "/v1/staff/me"}, a.asStaff(withoutBody(200, ownPermissions))},
		{Route{"GET", "/v1/credentials/{serial}"}, a.asStaff(withoutBody(200, a.lookUpCredential))},
		{Route{"POST", "/v1/credentials/{serial}/revoke"}, a.asStaff(withBody(202, a.revokeCredential))},
		{Route{"POST", "/v1/credentials/{serial}/unrevoke"}, a.asStaff(withBody(202, a.unrevokeCredential))},
		{Route{"POST", "/v1/identifications"}, a.asStaff(allowed(staff.Identify, withBody(200, a.identify)))},
		{Route{"POST", subjectsPath}, a.asStaff(allowed(staff.DeriveSubjects, withBodyUpTo(MaxSubjectsBody, 200, a.deriveSubjects)))},
		{Route{"POST", "/v1/passages/forgive"}, a.asStaff(withBody(202, a.forgivePassages))},
		{Route{"POST", "/v1/amnesties"}, a.asStaff(withBody(202, a.declareAmnesty))},
		{Route{"GET", "/v1/amnesties"}, a.asStaff(withoutBody(200, a.listAmnesties))},
		{Route{"POST", "/v1/amnesties/{id}/end"}, a.asStaff(withBody(202, a.endAmnesty))},
		{Route{"POST", "/v1/paper-proofs"}, a.asStaff(withBody(201, a.issuePaperProof))},
		{Route{"GET", "/v1/keys"}, a.asStaff(allowed(staff.ListKeys, withoutBody(200, a.listKeys)))},
		{Route{"GET", "/v1/streams"}, a.asStaff(allowed(staff.ReadStreams, withoutBody(200, a.readStreams)))},
	}
	if a.auditLog != nil {
		all = append(all, operation{Route{"GET", "/v1/audit-log"}, a.asStaff(withoutBody(200, a.readAuditLog))},
			operation{Route{"GET", "/v1/audit-log/chain"}, a.asStaff(withoutBody(200, a.verifyAuditLog))})
	}
	return all
}

func (a *API) forMachines() []operation {
	all := []operation{
		{Route{"GET", "/healthz"}, healthz},
		{Route{"GET", "/readyz"}, a.readyz},
	}
	if a.callback != nil {
		all = append(all, operation{Route{"POST", callbackPath}, a.faceCheckCallback})
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

// routeNone is the metric label of requests that match no operation: the caller must not
// choose a label.
const routeNone = "none"

// routePages is the metric label of all files of pages.
const routePages = "pages"

func (a *API) mux() *http.ServeMux {
	mux := http.NewServeMux()
	methods := make(map[string][]string) // by path
	for _, o := range a.operations() {
		mux.Handle(o.Method+" "+o.Path, a.handle(o.Method+" "+o.Path, o.serve))
		methods[o.Path] = append(methods[o.Path], o.Method)
		if o.Method == http.MethodGet {
			methods[o.Path] = append(methods[o.Path], http.MethodHead)
		}
	}
	for p, all := range methods {
		allow := strings.Join(all, ", ")
		mux.Handle(p, a.handle(routeNone, func(w http.ResponseWriter, _ *request) error {
			w.Header().Set("Allow", allow)
			return &problem.Error{Code: MethodNotAllowed}
		}))
	}
	mux.Handle("/", a.handle(routeNone, notFound))
	return mux
}

func notFound(http.ResponseWriter, *request) error {
	return &problem.Error{Code: NotFound}
}
