//! Failures of components.

use crate::record::event::{ComponentKey, Operation, RawEvent};
use crate::record::failure::{FailureType, TypeId};
use crate::record::local::{any_writer, own_block};
use crate::record::name::BoundedName;
use crate::record::shared::Shared;
use crate::record::writer::Writer;
use crate::sync::Ordering;

impl Shared {
    /// A failure of a registered component.
    #[inline(always)]
    pub(crate) fn record_failure(&self, component: u32, kind: FailureType, operation: Operation) {
        match (own_block(self), self.types.id(kind)) {
            (Some(block), Some(kind)) => self.fail_with(Writer::Sole(block), component, kind, operation),
            _ => self.record_failure_cold(component, kind, operation),
        }
    }

    #[cold]
    #[inline(never)]
    fn record_failure_cold(&self, component: u32, kind: FailureType, operation: Operation) {
        let (Some(kind), writer) = (self.types.id(kind), any_writer(self)) else {
            self.unregistered_type.fetch_add(1, Ordering::Relaxed);
            return;
        };
        match writer {
            Some(writer) => self.fail_with(writer, component, kind, operation),
            None => self.refuse(),
        }
    }

    /// A failure of a component named by the caller. Components are never retired: no pin.
    pub(crate) fn record_failure_named(&self, name: &str, kind: FailureType, operation: Operation) {
        if self.is_live() {
            let component = self.components.find_or_add(BoundedName::new(name));
            self.record_failure(component, kind, operation);
        } else {
            self.refuse();
        }
    }

    #[inline(always)]
    fn fail_with(&self, writer: Writer<'_>, component: u32, kind: TypeId, operation: Operation) {
        if !writer.count_failure(kind, component) {
            self.failures.count(kind, component);
        }
        let (at, component) = (self.clock.stamp(), ComponentKey::Component(component));
        writer.push_event(RawEvent { at, kind, component, operation });
        writer.counted();
    }
}
