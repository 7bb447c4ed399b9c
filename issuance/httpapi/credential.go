package httpapi

import "net/http"

// lookUp tells the police desk how a credential stands, and not whose it is.
func (a *API) lookUp(w http.ResponseWriter, r *http.Request) error {
	member, err := a.staff.Bearer(r.Header.Values("Authorization"))
	if err != nil {
		return err
	}
	out, err := a.service.LookUp(r.Context(), member, r.PathValue("serial"), idOf(w))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, newStanding(out))
}
