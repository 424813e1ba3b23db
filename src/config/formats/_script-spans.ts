// Finds where the keys of a configuration script are written, as far as its source tells: a light look, no evaluation.
import type { AnyNode, Expression, ObjectExpression, Pattern, Program, SpreadElement } from 'acorn';
import { DEPTH_LIMIT, type KeyPath, type Span, SpanMap } from '../document.ts';

type Value = Expression | SpreadElement | Pattern;

/**
 * The spans of the object that a module exports as its default: through calls such as `defineConfig(...)`, constants of
 * the module, spreads of them, and conditional parts. What is computed has the span of the nearest part around it.
 */
export function findSpans(program: Program): SpanMap {
  const spans = new SpanMap();
  const constants = new Map<string, Value>();
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration') continue;
    for (const { id, init } of declaration.declarations) {
      if (id.type === 'Identifier' && init) constants.set(id.name, init);
    }
  }
  for (const statement of program.body) {
    if (statement.type !== 'ExportDefaultDeclaration') continue;
    const exported = statement.declaration;
    if (exported.type !== 'FunctionDeclaration' && exported.type !== 'ClassDeclaration')
      new SpanFinder(spans, constants).visit(exported, [], undefined, 0);
  }
  return spans;
}

class SpanFinder {
  readonly #spans: SpanMap;
  readonly #constants: ReadonlyMap<string, Value>;

  constructor(spans: SpanMap, constants: ReadonlyMap<string, Value>) {
    this.#spans = spans;
    this.#constants = constants;
  }

  visit(node: Value, path: KeyPath, key: Span | undefined, depth: number): void {
    if (depth > DEPTH_LIMIT) return;
    this.#spans.set(path, { key, value: spanOf(node) });
    const value = this.#follow(node, 0);
    if (value.type === 'ObjectExpression') this.#visitObject(value, path, depth);
    if (value.type !== 'ArrayExpression') return;
    // Behind a spread nobody knows the index.
    const spread = value.elements.findIndex((element) => element?.type === 'SpreadElement');
    const known = spread < 0 ? value.elements : value.elements.slice(0, spread);
    known.forEach((element, index) => {
      if (element !== null) this.visit(element, [...path, index], undefined, depth + 1);
    });
  }

  #visitObject(object: ObjectExpression, path: KeyPath, depth: number): void {
    for (const property of object.properties) {
      if (property.type === 'SpreadElement') {
        const source = this.#follow(property.argument, 0);
        if (source.type === 'ObjectExpression' && depth < DEPTH_LIMIT) this.#visitObject(source, path, depth + 1);
        continue;
      }
      const key = property.computed ? undefined : keyOf(property.key);
      if (key !== undefined) this.visit(property.value, [...path, key], spanOf(property.key), depth + 1);
    }
  }

  /** The expression that gives a value: the constant behind a name, the argument of `defineConfig(...)`. */
  #follow(node: Value, depth: number): Value {
    const inner = this.#step(node);
    return inner === undefined || depth > DEPTH_LIMIT ? node : this.#follow(inner, depth + 1);
  }

  #step(node: Value): Value | undefined {
    if (node.type === 'Identifier') return this.#constants.get(node.name);
    if (node.type === 'CallExpression') return node.arguments[0];
    if (node.type === 'AwaitExpression') return node.argument;
    if (node.type === 'ParenthesizedExpression') return node.expression;
    if (node.type === 'ConditionalExpression') return node.consequent;
    return node.type === 'LogicalExpression' ? node.right : undefined;
  }
}

function keyOf(key: AnyNode): string | undefined {
  if (key.type === 'Identifier') return key.name;
  return key.type === 'Literal' ? String(key.value) : undefined;
}

function spanOf(node: AnyNode): Span {
  return { start: node.start, end: node.end };
}
