//! This module writes rows of Arrow as JSON lines: integers exact, dates and times as ISO 8601 text (moments in UTC,
//! whatever the zone they are shown in), decimals as text because no float holds them, bytes as hexadecimal digits,
//! nulls written out. The module above reads files.

use std::io::Write as _;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, PrimitiveArray, RecordBatch};
use arrow_json::writer::{LineDelimited, NullableEncoder};
use arrow_json::{Encoder, EncoderFactory, EncoderOptions, WriterBuilder};
use arrow_schema::{ArrowError, DataType, FieldRef, TimeUnit};

/// Appends the rows of `batch`, one a line.
pub(super) fn push_lines(batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    if batch.num_columns() == 0 {
        (0..batch.num_rows()).for_each(|_| out.extend_from_slice(b"{}\n"));
        return Ok(());
    }
    let builder = WriterBuilder::new().with_explicit_nulls(true).with_encoder_factory(Arc::new(Exact));
    let mut writer = builder.build::<_, LineDelimited>(out);
    writer.write(batch)?;
    writer.finish()
}

/// Makes the encoders of decimals and of moments; all others are the usual ones.
#[derive(Debug)]
struct Exact;

impl EncoderFactory for Exact {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Decimal32(..) => Box::new(Decimal(array.as_primitive::<Decimal32Type>())),
            DataType::Decimal64(..) => Box::new(Decimal(array.as_primitive::<Decimal64Type>())),
            DataType::Decimal128(..) => Box::new(Decimal(array.as_primitive::<Decimal128Type>())),
            DataType::Decimal256(..) => Box::new(Decimal(array.as_primitive::<Decimal256Type>())),
            DataType::Timestamp(unit, Some(_)) => match unit {
                TimeUnit::Second => Box::new(Moment(array.as_primitive::<TimestampSecondType>())),
                TimeUnit::Millisecond => Box::new(Moment(array.as_primitive::<TimestampMillisecondType>())),
                TimeUnit::Microsecond => Box::new(Moment(array.as_primitive::<TimestampMicrosecondType>())),
                TimeUnit::Nanosecond => Box::new(Moment(array.as_primitive::<TimestampNanosecondType>())),
            },
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.nulls().cloned())))
    }
}

struct Decimal<'a, T: DecimalType>(&'a PrimitiveArray<T>);

impl<T: DecimalType> Encoder for Decimal<'_, T> {
    fn encode(&mut self, at: usize, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(self.0.value_as_string(at).as_bytes());
        out.push(b'"');
    }
}

/// Counts since 1970 in UTC.
struct Moment<'a, T: ArrowTimestampType>(&'a PrimitiveArray<T>);

impl<T: ArrowTimestampType> Encoder for Moment<'_, T> {
    fn encode(&mut self, at: usize, out: &mut Vec<u8>) {
        match self.0.value_as_datetime(at) {
            // Shown as ISO 8601 has it.
            Some(moment) => {
                let _ = write!(out, "\"{moment:?}Z\"");
            }
            // Beyond the years that calendars have.
            None => {
                let _ = write!(out, "{}", self.0.value(at));
            }
        }
    }
}
