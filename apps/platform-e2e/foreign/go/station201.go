package main

import (
	"fmt"
	"strconv"
	"time"

	ocpp2 "github.com/lorenzodonini/ocpp-go/ocpp2.0.1"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/availability"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/provisioning"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/remotecontrol"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/security"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/transactions"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/types"
	"github.com/lorenzodonini/ocpp-go/ws"
)

// The commands that it is not sent here are left to the nil interfaces.
type station201 struct {
	provisioning.ChargingStationHandler
	remote
	ocpp2.ChargingStation
	told          *told
	transactionID string
	seqNo         int
}

// A name of its own, because two interfaces with one name cannot both be in a struct.
type remote = interface {
	OnRequestStartTransaction(*remotecontrol.RequestStartTransactionRequest) (*remotecontrol.RequestStartTransactionResponse, error)
	OnTriggerMessage(*remotecontrol.TriggerMessageRequest) (*remotecontrol.TriggerMessageResponse, error)
	OnUnlockConnector(*remotecontrol.UnlockConnectorRequest) (*remotecontrol.UnlockConnectorResponse, error)
}

func newStation201(id string, client ws.WsClient, told *told) station {
	station := &station201{ChargingStation: ocpp2.NewChargingStation(id, nil, client), told: told}
	station.SetSecurityHandler(station)
	station.SetProvisioningHandler(station)
	station.SetRemoteControlHandler(station)
	return station
}

func (s *station201) start(url string) error { return s.Start(url) }
func (s *station201) stop()                  { s.Stop() }

func (s *station201) boot() error {
	boot, err := s.BootNotification(provisioning.BootReasonPowerUp, "Foreign", "ocpp-go")
	if err == nil && boot.Status != provisioning.RegistrationStatusAccepted {
		return fmt.Errorf("boot %v", boot.Status)
	}
	return err
}

func (s *station201) sign(csr string) error {
	answer, err := s.SignCertificate(csr, func(request *security.SignCertificateRequest) {
		request.CertificateType = types.ChargingStationCert
	})
	if err == nil && answer.Status != types.GenericStatusAccepted {
		return fmt.Errorf("certificate request %v", answer.Status)
	}
	return err
}

func (s *station201) tell(event transactions.TransactionEvent, reason transactions.TriggerReason, register int, context types.ReadingContext,
	info transactions.Transaction, token *types.IdToken) (*transactions.TransactionEventResponse, error) {
	info.TransactionID = s.transactionID
	answer, err := s.TransactionEvent(event, types.Now(), reason, s.seqNo, info, func(request *transactions.TransactionEventRequest) {
		request.IDToken = token
		request.Evse = &types.EVSE{ID: 1, ConnectorID: ptr(1)}
		sampled := types.SampledValue{Value: float64(register), Context: context}
		request.MeterValue = []types.MeterValue{{Timestamp: *types.Now(), SampledValue: []types.SampledValue{sampled}}}
	})
	s.seqNo++
	return answer, err
}

func (s *station201) charge(idToken string) (string, int, error) {
	s.transactionID = strconv.FormatInt(time.Now().UnixNano(), 36)
	register := meterStartWh
	if _, err := s.StatusNotification(types.Now(), availability.ConnectorStatusOccupied, 1, 1); err != nil {
		return "", 0, err
	}
	if _, err := s.Heartbeat(); err != nil {
		return "", 0, err
	}
	authorized, err := s.Authorize(idToken, types.IdTokenTypeISO14443)
	if err != nil || authorized.IdTokenInfo.Status != types.AuthorizationStatusAccepted {
		return "", 0, fmt.Errorf("authorize %v %w", authorized, err)
	}
	charging := transactions.Transaction{ChargingState: transactions.ChargingStateCharging}
	token := &types.IdToken{IdToken: idToken, Type: types.IdTokenTypeISO14443}
	started, err := s.tell(transactions.TransactionEventStarted, transactions.TriggerReasonAuthorized, register,
		types.ReadingContextTransactionBegin, charging, token)
	if err != nil || started.IDTokenInfo.Status != types.AuthorizationStatusAccepted {
		return "", 0, fmt.Errorf("start %v %w", started, err)
	}
	for range 5 {
		register += 250
		_, err := s.tell(transactions.TransactionEventUpdated, transactions.TriggerReasonMeterValuePeriodic, register,
			types.ReadingContextSamplePeriodic, charging, nil)
		if err != nil {
			return "", 0, err
		}
	}
	if err := s.told.untilStopped(); err != nil {
		return "", 0, err
	}
	register += 13
	_, err = s.tell(transactions.TransactionEventEnded, transactions.TriggerReasonRemoteStop, register, types.ReadingContextTransactionEnd,
		transactions.Transaction{StoppedReason: transactions.ReasonRemote}, nil)
	if err != nil {
		return "", 0, err
	}
	_, err = s.StatusNotification(types.Now(), availability.ConnectorStatusAvailable, 1, 1)
	return s.transactionID, register - meterStartWh, err
}

func (s *station201) OnCertificateSigned(request *security.CertificateSignedRequest) (*security.CertificateSignedResponse, error) {
	s.told.chain <- request.CertificateChain
	return security.NewCertificateSignedResponse(security.CertificateSignedStatusAccepted), nil
}

func (s *station201) OnRequestStopTransaction(request *remotecontrol.RequestStopTransactionRequest) (*remotecontrol.RequestStopTransactionResponse, error) {
	if request.TransactionID != s.transactionID {
		return remotecontrol.NewRequestStopTransactionResponse(remotecontrol.RequestStartStopStatusRejected), nil
	}
	s.told.stopped <- struct{}{}
	return remotecontrol.NewRequestStopTransactionResponse(remotecontrol.RequestStartStopStatusAccepted), nil
}

func (s *station201) OnSetVariables(request *provisioning.SetVariablesRequest) (*provisioning.SetVariablesResponse, error) {
	var results []provisioning.SetVariableResult
	for _, each := range request.SetVariableData {
		s.told.hear(each.Component.Name + "." + each.Variable.Name + "=" + each.AttributeValue)
		results = append(results, provisioning.SetVariableResult{
			AttributeStatus: provisioning.SetVariableStatusAccepted, Component: each.Component, Variable: each.Variable,
		})
	}
	return provisioning.NewSetVariablesResponse(results), nil
}

// Its report comes in two parts.
func (s *station201) OnGetBaseReport(request *provisioning.GetBaseReportRequest) (*provisioning.GetBaseReportResponse, error) {
	go func() {
		for seqNo, name := range []string{"Model", "VendorName"} {
			attribute := provisioning.VariableAttribute{Value: "Foreign", Mutability: provisioning.MutabilityReadOnly}
			data := provisioning.ReportData{
				Component: types.Component{Name: "ChargingStation"}, Variable: types.Variable{Name: name},
				VariableAttribute: []provisioning.VariableAttribute{attribute},
			}
			_, err := s.NotifyReport(request.RequestID, types.Now(), seqNo, func(report *provisioning.NotifyReportRequest) {
				report.Tbc = seqNo == 0
				report.ReportData = []provisioning.ReportData{data}
			})
			if err != nil {
				s.told.hear(err.Error())
			}
		}
	}()
	return provisioning.NewGetBaseReportResponse(types.GenericDeviceModelStatusAccepted), nil
}

func ptr[Value any](value Value) *Value { return &value }
