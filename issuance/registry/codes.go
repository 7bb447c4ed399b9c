package registry

import "github.com/railgate/railgate/issuance/refusal"

// What the rules of the registry refuse for. Words has what the passenger reads.
const (
	// What was entered.
	DocumentUnknown     refusal.Code = "document_type_unknown"
	FirstGenerationCard refusal.Code = "first_generation_card"
	PersonInvalid       refusal.Code = "person_invalid"
	ConsentMissing      refusal.Code = "consent_missing"

	// Statuses and who changes them.
	MoveRefused        refusal.Code = "status_change_refused"
	IdentityFixed      refusal.Code = "identity_fixed"
	StationWindowOnly  refusal.Code = "station_window_only"
	ProofWrong         refusal.Code = "contact_proof_wrong"
	OriginalMissing    refusal.Code = "original_missing"
	DocumentExpired    refusal.Code = "document_expired"
	DocumentUnreadable refusal.Code = "document_unreadable"
	IdentityRegistered refusal.Code = "identity_registered"
	InPersonOnly       refusal.Code = "in_person_only"
	OtherPerson        refusal.Code = "other_person"

	HolderOriginalMissing refusal.Code = "holder_original_missing"

	// The list of passengers.
	AccountStatus      refusal.Code = "account_status_insufficient"
	AccountUnverified  refusal.Code = "account_not_verified"
	OtherDocumentsOnly refusal.Code = "other_documents_only"
	PassengerStatus    refusal.Code = "passenger_status_insufficient"
	AlreadyListed      refusal.Code = "passenger_already_listed"
	ListFull           refusal.Code = "passenger_list_full"
	UncountedFull      refusal.Code = "uncounted_passengers_full"
	ListMaximum        refusal.Code = "passenger_list_maximum"
	ToBeSubmittedFull  refusal.Code = "to_be_submitted_full"
	PassengerKept      refusal.Code = "passenger_kept"
	TicketBought       refusal.Code = "passenger_ticket_bought"

	// Tickets and services.
	TicketsInvalid       refusal.Code = "tickets_invalid"
	AccountTicketLimit   refusal.Code = "account_ticket_limit"
	PassengerTicketLimit refusal.Code = "passenger_ticket_limit"
	NotItsTicket         refusal.Code = "ticket_not_bought_here"
	ServiceNotHere       refusal.Code = "service_not_here"
	RefundOnly           refusal.Code = "refund_only"
	CounterOnly          refusal.Code = "counter_only"
	CardMismatch         refusal.Code = "card_mismatch"
	OrderWrong           refusal.Code = "order_number_wrong"
	ChildAlone           refusal.Code = "child_without_adult"
)

// Codes lists the closed list.
func Codes() []refusal.Code {
	return []refusal.Code{
		DocumentUnknown, FirstGenerationCard, PersonInvalid, ConsentMissing,
		MoveRefused, IdentityFixed, StationWindowOnly, ProofWrong, OriginalMissing, DocumentExpired, DocumentUnreadable, IdentityRegistered, InPersonOnly, OtherPerson, HolderOriginalMissing,
		AccountStatus, AccountUnverified, OtherDocumentsOnly, PassengerStatus, AlreadyListed, ListFull, UncountedFull, ListMaximum, ToBeSubmittedFull, PassengerKept, TicketBought,
		TicketsInvalid, AccountTicketLimit, PassengerTicketLimit, NotItsTicket, ServiceNotHere, RefundOnly, CounterOnly, CardMismatch, OrderWrong, ChildAlone,
	}
}
