package control_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"salon.im/salon/certs"
	"salon.im/salon/control"
	"salon.im/salon/storage"
)

func TestCertificates(t *testing.T) {
	a := online(t, newHouse(t))
	list, err := a.ListCertificates(t.Context())
	if err != nil || !reflect.DeepEqual(list, []certs.Status{{Name: "a.test", Origin: certs.OriginFile}}) {
		t.Errorf("%+v %v", list, err)
	}
	findings, err := a.CheckCertificates(t.Context())
	if err != nil || !reflect.DeepEqual(findings, []certs.Finding{{Check: "clock", Verdict: certs.VerdictOK, Text: "t"}}) {
		t.Errorf("%+v %v", findings, err)
	}
	if err := a.RenewCertificate(t.Context(), "a.test"); err != nil {
		t.Error(err)
	}
	if err := a.RenewCertificate(t.Context(), "b.test"); !errors.Is(err, storage.ErrNotFound) || err.Error() != "no b.test" {
		t.Error(err)
	}
}

func TestCertificatesOffline(t *testing.T) {
	want := []certs.Finding{{Check: "port"}}
	o := control.Offline{DryRun: func(context.Context) ([]certs.Finding, error) { return want, nil }}
	if got, err := o.CheckCertificates(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	_, err := o.ListCertificates(t.Context())
	for _, err := range []error{err, o.RenewCertificate(t.Context(), "a.test")} {
		var e *control.Error
		if !errors.As(err, &e) || e.Kind != control.NotRunning {
			t.Error(err)
		}
	}
}
