//! The form in which a file stores the padding of a convolution: `[rows, columns]` if both sides of each axis are equal,
//! otherwise `[[top, bottom], [left, right]]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "padding is [rows, columns] or [[top, bottom], [left, right]], whole numbers")]
enum Written {
    Alike([usize; 2]),
    Sides([[usize; 2]; 2]),
}

pub(crate) fn serialize<S: Serializer>(padding: &[[usize; 2]; 2], to: S) -> Result<S::Ok, S::Error> {
    let written = match *padding {
        [[top, bottom], [left, right]] if top == bottom && left == right => Written::Alike([top, left]),
        sides => Written::Sides(sides),
    };
    written.serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[[usize; 2]; 2], D::Error> {
    Ok(match Written::deserialize(from)? {
        Written::Alike(padding) => padding.map(|side| [side, side]),
        Written::Sides(sides) => sides,
    })
}

#[cfg(test)]
mod tests {
    use crate::op::Op;

    const OP: &str = r#"{"op":"conv2d","in_channels":1,"out_channels":1,"kernel_size":[3,3],"stride":[1,1],"padding":PADDING,"dilation":[1,1],"groups":1,"bias":true}"#;

    fn there_and_back(padding: &str) -> String {
        let op: Result<Op, _> = serde_json::from_str(&OP.replace("PADDING", padding));
        op.map_or_else(|e| e.to_string(), |op| serde_json::to_string(&op).expect("plain numbers"))
    }

    #[test]
    fn both_forms_are_read_and_the_short_one_is_written_where_it_can_be() {
        for (padding, written) in
            [("[1,2]", "[1,2]"), ("[[1,1],[2,2]]", "[1,2]"), ("[[0,1],[2,2]]", "[[0,1],[2,2]]")]
        {
            assert_eq!(there_and_back(padding), OP.replace("PADDING", written));
        }
        for padding in ["1", "[1]", "[1,2,3]", "[[1,2],3]", "[-1,0]", "null"] {
            let error = there_and_back(padding);
            assert!(
                error.starts_with("padding is [rows, columns] or [[top, bottom], [left, right]]"),
                "{error}"
            );
        }
    }
}
