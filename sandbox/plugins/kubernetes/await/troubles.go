package await

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Troubles says what in a namespace is not ready: pods with the reason, claims without a volume, load
// balancers without an address, and the warnings of `since`. `selector` narrows down the pods.
func (o Objects) Troubles(ctx context.Context, namespace, selector string, since time.Time) []string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var found []string
	core := o.Cluster.Client.CoreV1()
	if pods, err := core.Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector}); err == nil {
		for i := range pods.Items {
			if text := podTrouble(&pods.Items[i]); text != "" && pods.Items[i].DeletionTimestamp == nil {
				found = append(found, fmt.Sprintf("pod %s: %s", pods.Items[i].Name, text))
			}
		}
	}
	if claims, err := core.PersistentVolumeClaims(namespace).List(ctx, metav1.ListOptions{}); err == nil {
		for _, claim := range claims.Items {
			if claim.Status.Phase == corev1.ClaimPending && claim.DeletionTimestamp == nil {
				found = append(found, fmt.Sprintf("claim %s: has no volume", claim.Name))
			}
		}
	}
	if services, err := core.Services(namespace).List(ctx, metav1.ListOptions{}); err == nil {
		for _, one := range services.Items {
			if one.Spec.Type == corev1.ServiceTypeLoadBalancer && len(one.Status.LoadBalancer.Ingress) == 0 {
				found = append(found, fmt.Sprintf("service %s: its load balancer has no address", one.Name))
			}
		}
	}
	if len(found) > troublesToMention {
		found = append(found[:troublesToMention], fmt.Sprintf("and %d more", len(found)-troublesToMention))
	}
	return append(found, o.warnings(ctx, namespace, since)...)
}

// warnings are the newest warning events of a namespace, one for each object and reason.
func (o Objects) warnings(ctx context.Context, namespace string, since time.Time) []string {
	events, err := o.Cluster.Client.CoreV1().Events(namespace).List(ctx,
		metav1.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		return nil
	}
	when := func(event corev1.Event) time.Time {
		latest := event.LastTimestamp.Time
		for _, other := range []time.Time{event.EventTime.Time, event.CreationTimestamp.Time} {
			if other.After(latest) {
				latest = other
			}
		}
		return latest
	}
	sort.Slice(events.Items, func(i, j int) bool { return when(events.Items[i]).After(when(events.Items[j])) })
	seen := map[string]bool{}
	var found []string
	for _, event := range events.Items {
		about := event.InvolvedObject.Kind + " " + event.InvolvedObject.Name + ": " + event.Reason
		// Events keep whole seconds only.
		if seen[about] || when(event).Before(since.Add(-time.Second)) || len(found) == troublesToMention {
			continue
		}
		seen[about] = true
		found = append(found, "event: "+about+": "+strings.TrimSpace(event.Message))
	}
	return found
}

// troublesOf are the troubles of what a workload selects, or of the object itself.
func (o Objects) troublesOf(ctx context.Context, live *unstructured.Unstructured, since time.Time) []string {
	if live.GetNamespace() == "" || ctx.Err() != nil {
		return nil
	}
	selector := ""
	if labels, found, _ := unstructured.NestedStringMap(live.Object, "spec", "selector", "matchLabels"); found {
		selector = metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})
	}
	return o.Troubles(ctx, live.GetNamespace(), selector, since)
}

// podTrouble says why a pod is not ready; nothing where it is.
func podTrouble(pod *corev1.Pod) string {
	if pod.Status.Phase == corev1.PodSucceeded {
		return ""
	}
	for _, one := range pod.Status.Conditions {
		if one.Type == corev1.PodReady && one.Status == corev1.ConditionTrue {
			return ""
		}
		if one.Type == corev1.PodScheduled && one.Status == corev1.ConditionFalse {
			return one.Reason + ": " + one.Message
		}
	}
	for _, container := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		state := container.State
		if state.Terminated == nil {
			state.Terminated = container.LastTerminationState.Terminated
		}
		switch {
		case container.Ready:
		case state.Waiting != nil && state.Waiting.Reason != "":
			return fmt.Sprintf("container %s: %s: %s", container.Name, state.Waiting.Reason, state.Waiting.Message)
		case state.Terminated != nil && state.Terminated.ExitCode != 0:
			return fmt.Sprintf("container %s: %s, exit code %d: %s", container.Name,
				state.Terminated.Reason, state.Terminated.ExitCode, state.Terminated.Message)
		case state.Running != nil:
			return fmt.Sprintf("container %s runs, but is not ready", container.Name)
		}
	}
	return fmt.Sprintf("%s %s", pod.Status.Phase, pod.Status.Message)
}

// WithTroubles adds to an error what is not ready, a line for each.
func WithTroubles(err error, troubles []string) error {
	if len(troubles) == 0 {
		return err
	}
	return errors.Join(err, errors.New("  "+strings.Join(troubles, "\n  ")))
}
