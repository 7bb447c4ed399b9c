package api

import (
	"maps"
	"net/http"
	"slices"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/attempts"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/book"
	"github.com/railgate/railgate/issuance/staff"
)

// statuses says which codes have which HTTP status; no code has two.
var statuses = map[int][]refusal.Code{
	http.StatusBadRequest: {
		BodyMalformed,
		QueryMalformed,
	},
	http.StatusUnauthorized: {
		issuance.Unauthorized,
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
		registry.ProofWrong,
	},
	http.StatusNotFound: {
		issuance.SessionNotFound,
		issuance.CredentialNotFound,
		NotFound,
		account.AccountNotFound,
		book.EntryNotFound,
		account.AccountCodeInvalid,
		book.NotRegistered,
		book.TicketUnknown,
	},
	http.StatusMethodNotAllowed: {
		MethodNotAllowed,
	},
	http.StatusRequestTimeout: {
		BodySlow,
	},
	http.StatusConflict: {
		issuance.CheckRequired,
		issuance.NotApproved,
		issuance.CredentialExpired,
		issuance.CredentialRevoked,
		issuance.SessionNotHosted,
		issuance.QuotaExceeded,
		issuance.RenewalTooEarly,
		issuance.ApplicationRefused,
		issuance.ApplicationExpired,
		issuance.CredentialSuperseded,
		account.LoginTaken,
		account.ProfileConflict,
		account.ConsentRequired,
		account.PhoneUnverified,
		book.EntryChanged,
		book.TicketConflict,
		book.TicketsUnfinished,
	},
	http.StatusGone: {
		issuance.SessionOver,
		issuance.SessionClosed,
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
		issuance.NameInvalid,
		issuance.CityInvalid,
		issuance.DocumentTypeNotSupported,
		issuance.DocumentNumberInvalid,
		issuance.LocationMissing,
		issuance.LocationInvalid,
		issuance.Relocate,
		issuance.EvidenceInvalid,
		issuance.CheckFailed,
		issuance.ModeInvalid,
		issuance.AnchorInvalid,
		issuance.ReasonInvalid,
		issuance.CodeRefused,
		issuance.PurposeInvalid,
		issuance.SubjectsInvalid,
		issuance.IdentityNotConfirmed,
		issuance.DocumentCancelled,
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
		registry.DocumentUnknown,
		registry.FirstGenerationCard,
		registry.PersonInvalid,
		registry.TicketsInvalid,
		book.QuestionInvalid,
		book.EventInvalid,
	},
	http.StatusTooManyRequests: {
		attempts.TooManyRequests,
		attempts.TooManyFailures,
		attempts.TooManyCodes,
		staff.BudgetSpent,
		staff.IdentificationsSpent,
		staff.SubjectsSpent,
	},
	http.StatusInternalServerError: {
		Internal,
	},
	http.StatusServiceUnavailable: {
		issuance.CheckUnavailable,
		issuance.IssuingSuspended,
		Overloaded,
		Unavailable,
		issuance.LookupUnavailable,
		issuance.IdentifyUnavailable,
		account.Busy,
		account.CodeUnavailable,
	},
	http.StatusGatewayTimeout: {
		issuance.CheckTimeout,
	},
}

// info is what a code means.
type info struct {
	status int
	text   refusal.Text
}

// table is every code there is.
var table = func() map[refusal.Code]info {
	texts := make(map[refusal.Code]refusal.Text)
	for _, w := range []map[refusal.Code]refusal.Text{words, issuance.Words, account.Words, attempts.Words, audit.Words, registry.Words, book.Words, staff.Words} {
		maps.Copy(texts, w)
	}
	all := make(map[refusal.Code]info)
	for status, codes := range statuses {
		for _, c := range codes {
			all[c] = info{status, texts[c]}
		}
	}
	// Most of the registry's refusals are a conflict with how somebody stands.
	for _, c := range registry.Codes() {
		if _, special := all[c]; !special {
			all[c] = info{http.StatusConflict, texts[c]}
		}
	}
	return all
}()

// Codes lists every code that an answer can have.
func Codes() []refusal.Code {
	return slices.Concat(issuance.Codes(), account.Codes(), attempts.Codes(), registry.Codes(), book.Codes(), staff.Codes(), audit.Codes(),
		[]refusal.Code{BodyMalformed, BodyTooLarge, HeadersTooLarge, BodySlow, MediaType, QueryMalformed, NotFound, MethodNotAllowed, Overloaded, Unavailable, Internal})
}
