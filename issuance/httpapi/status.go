package httpapi

import (
	"maps"
	"net/http"
	"slices"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// statuses says which codes have which HTTP status; no code has two.
var statuses = map[int][]problem.Code{
	http.StatusBadRequest: {
		BodyMalformed,
		QueryMalformed,
	},
	http.StatusUnauthorized: {
		credential.Unauthorized,
		staff.Unknown,
		staff.Expired,
		account.LoginRequired,
		account.LoginFailed,
	},
	http.StatusForbidden: {
		staff.ForbiddenRole,
		staff.PurposeForbidden,
		account.PasswordWrong,
		account.CodeWrong,
		account.RecoveryFailed,
		rules.ProofWrong,
	},
	http.StatusNotFound: {
		credential.SessionNotFound,
		credential.CredentialNotFound,
		NotFound,
		account.AccountNotFound,
		registry.EntryNotFound,
		account.AccountCodeInvalid,
		registry.NotRegistered,
		registry.TicketUnknown,
	},
	http.StatusMethodNotAllowed: {
		MethodNotAllowed,
	},
	http.StatusRequestTimeout: {
		BodySlow,
	},
	http.StatusConflict: {
		credential.CheckRequired,
		credential.NotApproved,
		credential.CredentialExpired,
		credential.CredentialRevoked,
		credential.SessionNotHosted,
		credential.QuotaExceeded,
		credential.RenewalTooEarly,
		credential.ApplicationRefused,
		credential.ApplicationExpired,
		credential.CredentialSuperseded,
		account.LoginTaken,
		account.ProfileConflict,
		account.ConsentRequired,
		account.PhoneUnverified,
		registry.EntryChanged,
		registry.TicketConflict,
		registry.TicketsUnfinished,
	},
	http.StatusGone: {
		credential.SessionOver,
		credential.SessionClosed,
	},
	http.StatusRequestEntityTooLarge: {
		BodyTooLarge,
	},
	http.StatusRequestHeaderFieldsTooLarge: {
		HeadersTooLarge,
	},
	http.StatusUnsupportedMediaType: {
		MediaType,
	},
	http.StatusUnprocessableEntity: {
		credential.NameInvalid,
		credential.CityInvalid,
		credential.DocumentTypeNotSupported,
		credential.DocumentNumberInvalid,
		credential.LocationMissing,
		credential.LocationInvalid,
		credential.Relocate,
		credential.EvidenceInvalid,
		credential.CheckFailed,
		credential.ModeInvalid,
		credential.AnchorInvalid,
		credential.ReasonInvalid,
		credential.CodeRefused,
		credential.PurposeInvalid,
		credential.SubjectsInvalid,
		credential.IdentityNotConfirmed,
		credential.DocumentCancelled,
		account.LoginInvalid,
		account.PasswordInvalid,
		account.PasswordCommon,
		account.DocumentInvalid,
		account.NameInvalid,
		account.NumberInvalid,
		account.NationalityInvalid,
		account.ContactMissing,
		account.PhoneInvalid,
		account.EmailInvalid,
		account.PhoneNotServed,
		account.LanguageInvalid,
		account.ClientUnknown,
		account.ChallengeInvalid,
		audit.QueryInvalid,
		rules.DocumentUnknown,
		rules.FirstGenerationCard,
		rules.PersonInvalid,
		rules.TicketsInvalid,
		registry.QuestionInvalid,
		registry.EventInvalid,
	},
	http.StatusTooManyRequests: {
		throttle.TooManyRequests,
		throttle.TooManyFailures,
		throttle.TooManyCodes,
		staff.BudgetSpent,
		staff.IdentificationsSpent,
		staff.SubjectsSpent,
	},
	http.StatusInternalServerError: {
		Internal,
	},
	http.StatusServiceUnavailable: {
		credential.CheckUnavailable,
		credential.IssuingSuspended,
		Overloaded,
		Unavailable,
		credential.LookupUnavailable,
		credential.IdentifyUnavailable,
		account.Busy,
		account.CodeUnavailable,
	},
	http.StatusGatewayTimeout: {
		credential.CheckTimeout,
	},
}

// info is what a code means.
type info struct {
	status int
	text   problem.Text
}

// table is every code there is.
var table = func() map[problem.Code]info {
	texts := make(map[problem.Code]problem.Text)
	for _, w := range []map[problem.Code]problem.Text{words, credential.Words, account.Words, throttle.Words, audit.Words, rules.Words, registry.Words, staff.Words} {
		maps.Copy(texts, w)
	}
	all := make(map[problem.Code]info)
	for status, codes := range statuses {
		for _, c := range codes {
			all[c] = info{status, texts[c]}
		}
	}
	// Most of the registry's refusals are a conflict with how somebody stands.
	for _, c := range rules.Codes() {
		if _, special := all[c]; !special {
			all[c] = info{http.StatusConflict, texts[c]}
		}
	}
	return all
}()

// Codes lists every code that an answer can have.
func Codes() []problem.Code {
	return slices.Concat(credential.Codes(), account.Codes(), throttle.Codes(), rules.Codes(), registry.Codes(), staff.Codes(), audit.Codes(),
		[]problem.Code{BodyMalformed, BodyTooLarge, HeadersTooLarge, BodySlow, MediaType, QueryMalformed, NotFound, MethodNotAllowed, Overloaded, Unavailable, Internal})
}
